#include "data/boxes/voc_xml.h"

#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <pugixml.hpp>

#include "core/error.h"
#include "core/text.h"
#include "data/boxes/box_findings.h"

namespace eyechart::data::internal {
namespace {

// The text in <key> of `parent` without blanks around it; all of it, where a
// comment stands between its pieces.
std::string ChildText(const pugi::xml_node& parent, const char* key) {
  constexpr const char* kBlanks = " \t\r\n";
  std::string text;
  for (const pugi::xml_node& piece : parent.child(key).children())
    if (piece.type() == pugi::node_pcdata || piece.type() == pugi::node_cdata)
      text += piece.value();
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Entities of the file's own are not expanded: a class would be called "&e;".
bool DeclaresEntities(const pugi::xml_document& document) {
  for (const pugi::xml_node& node : document.children())
    if (node.type() == pugi::node_doctype &&
        std::string_view(node.value()).find("<!ENTITY") !=
            std::string_view::npos)
      return true;
  return false;
}

// The number in <key> of `parent`.
double Number(const pugi::xml_node& parent,
              const char* key,
              const std::string& place) {
  const std::string text = ChildText(parent, key);
  const std::optional<double> number = ParseDouble(text);
  EYECHART_REQUIRE(number, "{}: <{}> is \"{}\"; it should be a number", place,
                   key, text.substr(0, 80));
  return *number;
}

int Side(const pugi::xml_node& size,
         const char* key,
         const std::string& source) {
  if (ChildText(size, key).empty()) return 0;
  const double side = Number(size, key, source);
  EYECHART_REQUIRE(side >= 0 && side <= std::numeric_limits<int>::max() &&
                       side == std::floor(side),
                   "{}: <{}> is {}; it should be a whole number of pixels",
                   source, key, side);
  return static_cast<int>(side);
}

// All of an object but its corners.
VocObject ReadWords(const pugi::xml_node& node, const std::string& place) {
  VocObject object;
  object.name = ChildText(node, "name");
  EYECHART_REQUIRE(!object.name.empty(), "{}: <name> is missing", place);
  const std::string difficult = ChildText(node, "difficult");
  object.difficult = difficult == "1" || difficult == "true";
  EYECHART_REQUIRE(object.difficult || difficult.empty() || difficult == "0" ||
                       difficult == "false" || difficult == "Unspecified",
                   "{}: <difficult> is \"{}\"; it should be 0 or 1", place,
                   difficult.substr(0, 80));
  return object;
}

void ReadCorners(const pugi::xml_node& node,
                 const std::string& place,
                 VocObject& object) {
  const pugi::xml_node box = node.child("bndbox");
  EYECHART_REQUIRE(box, "{} ({}): <bndbox> is missing", place, object.name);
  object.xmin = Number(box, "xmin", place);
  object.ymin = Number(box, "ymin", place);
  object.xmax = Number(box, "xmax", place);
  object.ymax = Number(box, "ymax", place);
}

}  // namespace

VocPicture ParseVocXml(std::string_view text, const std::string& source) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(
      text.data(), text.size(), pugi::parse_default | pugi::parse_doctype);
  EYECHART_REQUIRE(parsed, "{}: not valid XML at byte {}: {}", source,
                   parsed.offset, parsed.description());
  const pugi::xml_node root = document.child("annotation");
  EYECHART_REQUIRE(root, "{}: <annotation> is missing, as in Pascal VOC's XML",
                   source);
  EYECHART_REQUIRE(!root.next_sibling("annotation"),
                   "{}: <annotation> stands more than once; it should be one "
                   "picture's file",
                   source);
  EYECHART_REQUIRE(!DeclaresEntities(document),
                   "{}: <!ENTITY> declares entities, which are not expanded; "
                   "there should be none",
                   source);
  VocPicture picture;
  picture.filename = ChildText(root, "filename");
  picture.width = Side(root.child("size"), "width", source);
  picture.height = Side(root.child("size"), "height", source);
  std::size_t i = 0;
  for (const pugi::xml_node& node : root.children("object")) {
    const std::string place = fmt::format("object {}", ++i);
    std::string_view kind = finding::kRowUnusable;
    try {
      VocObject object = ReadWords(node, place);
      kind = finding::kBoxNumbers;
      ReadCorners(node, place, object);
      picture.objects.push_back(std::move(object));
    } catch (const InputError& error) {
      picture.faults.push_back({kind, error.what()});
    }
  }
  return picture;
}

}  // namespace eyechart::data::internal
