#include <gtest/gtest.h>

#include <string>

#include "data/boxes/box_dataset.h"
#include "data/boxes/voc_xml.h"
#include "tests/data/boxes/box_fixture.h"

namespace eyechart::data {
namespace {

std::string Object(const std::string& name,
                   const std::string& corners,
                   const std::string& more = "") {
  std::string box;
  std::size_t at = 0;
  for (const char* key : {"xmin", "ymin", "xmax", "ymax"}) {
    const std::size_t end = std::min(corners.find(' ', at), corners.size());
    box += fmt::format("<{0}>{1}</{0}>", key, corners.substr(at, end - at));
    at = end + 1;
  }
  return fmt::format("<object><name>{}</name>{}<bndbox>{}</bndbox></object>",
                     name, more, box);
}

std::string Annotation(const std::string& content,
                       const std::string& size =
                           "<width>50</width>"
                           "<height>40</height>") {
  return fmt::format(
      "<?xml version=\"1.0\"?>\n<annotation><filename>p.bmp</filename>"
      "<size>{}</size>{}</annotation>",
      size, content);
}

class Voc : public ::testing::Test {
 protected:
  Voc() {
    Write("a", Annotation(Object("dog", "1 1 50 40")));
    Write("b",
          Annotation(Object("cat", "11 12 20 30", "<difficult>1</difficult>") +
                     Object("cat", "0 5 7 5")));
    testing::WriteText(folder_ / "ImageSets/Main/train.txt", "a\n");
    testing::WriteText(folder_ / "ImageSets/Main/val.txt", "b\r\n\n");
    testing::WriteText(folder_ / "ImageSets/Main/dog_train.txt", "a 1\n");
  }
  void Write(const std::string& stem, const std::string& xml) {
    testing::WriteText(folder_ / ("Annotations/" + stem + ".xml"), xml);
    testing::WriteText(folder_ / ("JPEGImages/" + stem + ".bmp"),
                       Header(50, 40));
  }
  BoxDataset Open(const std::string& split, const BoxOptions& options = {}) {
    return OpenBoxDataset(folder_.path(), split, options);
  }
  testing::TempFolder folder_;
};

TEST_F(Voc, CountsPixelsFromOne) {
  const BoxDataset train = Open("train");
  EXPECT_EQ(train.kind, "voc");
  ASSERT_EQ(train.boxes.size(), 1u);
  // The whole picture: pixels 1 to 50 and 1 to 40.
  EXPECT_EQ(train.boxes[0].x, 0);
  EXPECT_EQ(train.boxes[0].y, 0);
  EXPECT_EQ(train.boxes[0].w, 50);
  EXPECT_EQ(train.boxes[0].h, 40);
  EXPECT_TRUE(train.warnings.empty());
  // Both parts have all categories, by name.
  ASSERT_EQ(train.categories.size(), 2u);
  EXPECT_EQ(train.categories[0].name, "cat");
  EXPECT_EQ(train.categories[1].id, 2);
  EXPECT_EQ(train.boxes[0].category, 1u);
  EXPECT_EQ(train.images[0].path, "a.bmp");  // not <filename>
  EXPECT_EQ(train.images[0].id, "a");
}

TEST_F(Voc, ReadsDifficultAsCrowdAndSeesZeroCorners) {
  const BoxDataset val = Open("valid");
  ASSERT_EQ(val.boxes.size(), 2u);
  EXPECT_EQ(val.boxes[0].x, 10);
  EXPECT_EQ(val.boxes[0].w, 10);
  EXPECT_EQ(val.boxes[0].h, 19);
  EXPECT_EQ(val.boxes[0].area, 190);
  EXPECT_TRUE(val.boxes[0].crowd);
  EXPECT_FALSE(val.boxes[1].crowd);
  EXPECT_EQ(val.boxes[1].x, -1);
  EXPECT_EQ(val.boxes[1].h, 1);
  EXPECT_EQ(CountOf(val, "difficult"), 1);
  EXPECT_EQ(ExampleOf(val, "voc_corner_zero"), "b.bmp: cat at [0, 5, 7, 5]");
  EXPECT_EQ(CountOf(val, "box_beyond_edge"), 1);
  BoxOptions options;
  options.voc_corners = VocCorners::kEdges;
  const BoxDataset edges = Open("val", options);
  EXPECT_EQ(edges.boxes[1].x, 0);
  EXPECT_EQ(edges.boxes[1].w, 7);
  EXPECT_EQ(CountOf(edges, "box_degenerate"), 1);
  EXPECT_EQ(CountOf(edges, "voc_corner_zero"), 0);
}

TEST_F(Voc, ReadsFilesBesidePictures) {
  const testing::TempFolder folder;
  for (const char* split : {"train/", "test/"}) {
    testing::WriteText(folder / (split + std::string("x.xml")),
                       Annotation(Object("dog", "nan 1 2 3"), ""));
    testing::WriteText(folder / (split + std::string("x.bmp")), Header(9, 8));
  }
  testing::WriteText(folder / "classes.txt", "cow\ndog\n");
  const BoxDataset set = OpenBoxDataset(folder.path(), "test");
  EXPECT_EQ(set.categories[0].name, "cow");  // the list's order
  EXPECT_EQ(set.images[0].width, 9);         // the header's
  EXPECT_EQ(CountOf(set, "no_size"), 1);
  EXPECT_TRUE(set.boxes.empty());
  EXPECT_EQ(CountOf(set, "box_not_finite"), 1);
  testing::WriteText(folder / "classes.txt", "cow\n");
  // No box is left.
  const std::string error =
      testing::InputErrorOf([&] { OpenBoxDataset(folder.path(), "test"); });
  EXPECT_NE(error.find("the class \"dog\""), std::string::npos) << error;
  testing::WriteText(
      folder / "test/x.xml",
      Annotation(Object("dog", "1 1 2 3") + Object("cow", "1 1 2 3"), ""));
  const BoxDataset one = OpenBoxDataset(folder.path(), "test");
  EXPECT_EQ(one.boxes.size(), 1u);
  EXPECT_EQ(ExampleOf(one, "annotation_category_unknown")
                .rfind("x.xml: the class \"dog\"", 0),
            0u);
}

TEST_F(Voc, NamesWhatAListLacks) {
  testing::WriteText(folder_ / "ImageSets/Main/val.txt", "b\nnone\n");
  const BoxDataset val = Open("val");
  EXPECT_EQ(val.images.size(), 1u);
  EXPECT_EQ(CountOf(val, "label_file_unusable"), 1);
  EXPECT_EQ(ExampleOf(val, "label_file_unusable"),
            "val.txt: line 2: there is no none.xml for \"none\"");
  testing::WriteText(folder_ / "ImageSets/Main/val.txt", "../b\n");
  EXPECT_NE(testing::InputErrorOf([&] { Open("val"); }).find("leaves its root"),
            std::string::npos);
}

TEST_F(Voc, LeavesOutFilesThatAreCut) {
  const std::string whole = Annotation(Object("dog", "1 1 50 40"));
  Write("c", whole.substr(0, whole.size() - 20));
  testing::WriteText(folder_ / "ImageSets/Main/train.txt", "a\nc\n");
  const BoxDataset train = Open("train");
  // Its picture is no picture without boxes.
  ASSERT_EQ(train.images.size(), 1u);
  EXPECT_EQ(train.images[0].id, "a");
  EXPECT_EQ(CountOf(train, "label_file_unusable"), 1);
  EXPECT_EQ(ExampleOf(train, "label_file_unusable")
                .rfind("c.xml: not valid XML at byte", 0),
            0u);
  // It is the other part's alone.
  EXPECT_EQ(CountOf(Open("val"), "label_file_unusable"), 0);
  testing::WriteText(folder_ / "ImageSets/Main/train.txt", "c\n");
  const std::string error = testing::InputErrorOf([&] { Open("train"); });
  EXPECT_NE(error.find("left out: 1, the first is c.xml"), std::string::npos)
      << error;
}

TEST_F(Voc, CountsObjectsThatAreNone) {
  Write("a", Annotation(Object("dog", "1 1 50 40") + Object("", "1 2 3 4") +
                        Object("dog", "1 2 x 4") +
                        Object("dog", "1 2 3 4", "<difficult>2</difficult>")));
  const BoxDataset train = Open("train");
  EXPECT_EQ(train.boxes.size(), 1u);
  EXPECT_EQ(CountOf(train, "annotation_unusable"), 2);
  EXPECT_EQ(ExampleOf(train, "annotation_unusable"),
            "a.xml: object 2: <name> is missing");
  EXPECT_EQ(ExampleOf(train, "box_not_four_numbers"),
            "a.xml: object 3: <xmax> is \"x\"; it should be a number");
}

TEST_F(Voc, RefusesWhatIsNoAnnotation) {
  const auto told = [](const std::string& xml, const std::string& part) {
    const std::string error =
        testing::InputErrorOf([&] { internal::ParseVocXml(xml, "f.xml"); });
    EXPECT_EQ(error.rfind("f.xml", 0), 0u) << error;
    EXPECT_NE(error.find(part), std::string::npos) << part << "\n" << error;
  };
  const std::string whole = Annotation(Object("dog", "1 1 50 40"));
  told(whole.substr(0, whole.size() - 20), "not valid XML at byte");
  told("", "not valid XML");
  told("{}", "not valid XML");
  told("<a/>", "<annotation> is missing");
  told(Annotation("", "<width>1e30</width>"), "<width> is 1e+30");
  told(Annotation("", "<width>-3</width>"), "<width> is -3");
  told(Annotation("", "<width>5.5</width>"), "<width> is 5.5");
  const auto faults =
      internal::ParseVocXml(Annotation("<object><name>a</name></object>"),
                            "f.xml")
          .faults;
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].what, "object 1 (a): <bndbox> is missing");
}

TEST_F(Voc, ExpandsNoEntities) {
  for (const char* entity : {"SYSTEM \"file:///etc/hostname\"", "\"dog\""}) {
    const std::string xml = fmt::format(
        "<!DOCTYPE a [<!ENTITY e {}>]>"
        "<annotation><filename>&e;</filename></annotation>",
        entity);
    EXPECT_EQ(
        testing::InputErrorOf([&] { internal::ParseVocXml(xml, "f.xml"); }),
        "f.xml: <!ENTITY> declares entities, which are not expanded; "
        "there should be none");
  }
  // A document type by itself, and XML's own entities, are no matter.
  EXPECT_EQ(internal::ParseVocXml("<!DOCTYPE annotation><annotation>"
                                  "<filename>a&amp;b</filename></annotation>",
                                  "f.xml")
                .filename,
            "a&b");
}

TEST_F(Voc, ReadsAllOfATextAroundComments) {
  const auto picture = internal::ParseVocXml(
      Annotation(Object("d<!-- a -->og", "1<!--c-->6 1 5<!---->0 40")),
      "f.xml");
  ASSERT_EQ(picture.objects.size(), 1u);
  EXPECT_EQ(picture.objects[0].name, "dog");
  EXPECT_EQ(picture.objects[0].xmin, 16);
  EXPECT_EQ(picture.objects[0].xmax, 50);
}

TEST_F(Voc, LeavesOutAFileOfTwoPictures) {
  const std::string one = "<annotation/>";
  Write("c", Annotation(Object("dog", "1 1 50 40")) + one);
  testing::WriteText(folder_ / "ImageSets/Main/train.txt", "a\nc\n");
  const BoxDataset train = Open("train");
  EXPECT_EQ(train.images.size(), 1u);
  EXPECT_EQ(ExampleOf(train, "label_file_unusable"),
            "c.xml: <annotation> stands more than once; it should be one "
            "picture's file");
}

TEST_F(Voc, RefusesNamesThatAreNotUtf8) {
  Write("a", Annotation(Object("d\xF6g", "1 1 50 40")));
  const std::string error = testing::InputErrorOf([&] { Open("train"); });
  EXPECT_NE(error.find("Annotations/a.xml: the name \"d\\xf6g\" is not UTF-8"),
            std::string::npos)
      << error;
  // Other encodings are read where the file says so.
  std::string latin = Annotation(Object("d\xF6g", "1 1 50 40"));
  latin.replace(0, latin.find('\n'),
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>");
  Write("a", latin);
  EXPECT_EQ(Open("train").categories[1].name, "d\xC3\xB6g");
}

TEST_F(Voc, ListsEndLinesAtCarriageReturnsToo) {
  testing::WriteText(folder_ / "ImageSets/Main/train.txt", "a\rb\r");
  EXPECT_EQ(Open("train").images.size(), 2u);
}

// A line that stands twice, and one that leads out of the set.
TEST_F(Voc, DropsLinesThatCannotBeUsed) {
  testing::WriteText(folder_ / "ImageSets/Main/train.txt", "a\n../a\nb\na\n");
  const BoxDataset set = Open("train");
  EXPECT_EQ(set.images.size(), 2u);
  EXPECT_EQ(set.boxes.size(), 3u);
  EXPECT_EQ(CountOf(set, "image_id_twice"), 1);
  EXPECT_EQ(ExampleOf(set, "image_id_twice"),
            "a.xml: image \"a.bmp\" has the id a of image \"a.bmp\"");
  EXPECT_EQ(CountOf(set, "label_file_unusable"), 1);
  EXPECT_NE(ExampleOf(set, "label_file_unusable").find("train.txt: line 2"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::data
