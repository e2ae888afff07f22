// Detection sets of every kind: COCO's JSON, VOC's XML, YOLO's text.
#include <cmath>
#include <set>

#include "core/error.h"
#include "data/boxes/box_dataset.h"
#include "data/boxes/box_kinds.h"
#include "data/bytes.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/target.h"

namespace eyechart::fuzz {
namespace {

// What is promised of every set that is taken.
void Check(const data::BoxDataset& set) {
  std::set<std::int64_t> ids;
  for (const data::TrueBox& box : set.boxes) {
    EYECHART_CHECK(
        box.image < set.images.size() && box.category < set.categories.size(),
        "a box of nothing");
    EYECHART_CHECK(box.id > 0 && ids.insert(box.id).second, "id {}", box.id);
    for (const double value : {box.x, box.y, box.w, box.h, box.area})
      EYECHART_CHECK(std::isfinite(value), "{} was taken", value);
    const data::BoxImage& image = set.images[box.image];
    const auto part = data::TrainingBox(box, image);
    EYECHART_CHECK(!part || image.width == 0 ||
                       (part->x >= 0 && part->y >= 0 && part->w > 0 &&
                        part->w <= image.width && part->h <= image.height),
                   "a part beyond its picture");
  }
}

std::string Picture() {
  std::string bytes = "BM";
  for (const std::uint32_t value : {0u, 0u, 54u, 40u, 31u, 20u})
    data::AppendLittle32(bytes, value);
  return bytes;
}

}  // namespace

bool Reads(const std::string& input) {
  static InputFolder folder({"_annotations.coco.json", "Annotations/a.xml",
                             "ImageSets/Main/train.txt", "data.yaml",
                             "classes.txt", "labels/a.txt", "images/a.bmp"});
  folder.Fill(input);
  data::BoxOptions options;
  options.allow_no_pictures = true;
  bool read = false;
  for (const data::BoxKind& kind : data::BoxKinds()) {
    options.kind = kind.name;
    try {
      for (const std::string& split : data::BoxSplits(folder.path(), options)) {
        Check(data::OpenBoxDataset(folder.path(), split, options));
        read = true;
      }
    } catch (const InputError&) {
    }
  }
  return read;
}

std::vector<std::string> Seeds() {
  const std::string coco =
      R"({"images":[{"id":0,"file_name":"images/a.bmp","width":30,)"
      R"("height":20},{"id":"x","file_name":"b.jpg"}],"categories":)"
      R"([{"id":0,"name":"p","supercategory":"none"},)"
      R"({"id":1,"name":"c","supercategory":"p"}],"annotations":)"
      R"([{"id":0,"image_id":0,"category_id":1,"bbox":[1,2.5,3,40]},)"
      R"({"id":0,"image_id":"x","category_id":1,"bbox":[0,0,0,1e9],)"
      R"("area":5,"iscrowd":1},{"image_id":0,"category_id":"1"}]})";
  const std::string voc =
      "<annotation><filename>a.bmp</filename><size><width>30</width><height>"
      "20</height></size><object><name>dog</name><difficult>1</difficult>"
      "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9.5</xmax><ymax>40</ymax>"
      "</bndbox></object></annotation>";
  const std::string labels = "0 0.5 0.5 1 1\n1 .1 .2 .3 .4 .5 .9\n";
  return {
      Joined({coco}),
      Joined({"", voc, "a\n"}),
      Joined({"", voc}),
      Joined({"", "", "", "names: [a, 'b c']\nnc: 2\n", "", labels, Picture()}),
      Joined({"", "", "", "names:\n  0: a\n  1: \"\\u00e9\"\n", "", labels,
              Picture()}),
      Joined({"", "", "", "", "a\nb\n", labels, Picture()})};
}

}  // namespace eyechart::fuzz
