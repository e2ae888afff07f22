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

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// The number in <key> of `parent`.
double Number(const pugi::xml_node& parent,
              const char* key,
              const std::string& place) {
  const std::string_view text = Trimmed(parent.child_value(key));
  const std::optional<double> number = ParseDouble(text);
  EYECHART_REQUIRE(number, "{}: <{}> is \"{}\"; it should be a number", place,
                   key, text.substr(0, 80));
  return *number;
}

int Side(const pugi::xml_node& size,
         const char* key,
         const std::string& source) {
  if (Trimmed(size.child_value(key)).empty()) return 0;
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
  object.name = Trimmed(node.child_value("name"));
  EYECHART_REQUIRE(!object.name.empty(), "{}: <name> is missing", place);
  const std::string_view difficult = Trimmed(node.child_value("difficult"));
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
  // Entities are not expanded from outside the file, whatever it declares.
  const pugi::xml_parse_result parsed =
      document.load_buffer(text.data(), text.size());
  EYECHART_REQUIRE(parsed, "{}: not valid XML at byte {}: {}", source,
                   parsed.offset, parsed.description());
  const pugi::xml_node root = document.child("annotation");
  EYECHART_REQUIRE(root, "{}: <annotation> is missing, as in Pascal VOC's XML",
                   source);
  VocPicture picture;
  picture.filename = Trimmed(root.child_value("filename"));
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
