// Pictures with boxes in them: what detection is trained on and judged by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace eyechart::data {

struct BoxCategory {
  std::int64_t id = 0;  // the file's; from 1 where it has names alone
  std::string name;
  std::string supercategory;  // empty: none
};

struct BoxImage {
  std::string id;           // as in the file, numbers in decimal
  std::int64_t number = 0;  // the id as a number; from 1 where ids are texts
  std::string path;         // relative, with '/'
  std::filesystem::path file;
  int width = 0;  // pixels; 0: neither the set nor the picture's header says
  int height = 0;
  bool missing = false;  // not on disk
  bool text_id = false;  // the file's id is a text, "3" among them
};

/// A box as the set has it: it may reach beyond its picture or be empty.
struct TrueBox {
  std::size_t image = 0;     // index among the images
  std::size_t category = 0;  // index among the categories
  double x = 0, y = 0;       // left upper corner in pixels, edges of pixels
  double w = 0, h = 0;       // pixels
  double area = 0;           // the file's where it has one, else w * h
  bool crowd = false;        // COCO's iscrowd, or VOC's difficult
  std::int64_t id = 0;       // from 1 where the file's would not do
};

/// Something odd that was mended, left out or only seen; the kinds are in
/// box_findings.h.
struct BoxWarning {
  std::string kind;
  std::int64_t count = 0;
  std::vector<std::string> examples;  // at most 5, in the set's order
};

struct BoxDataset {
  std::string name;    // the folder's or file's
  std::string kind;    // one of BoxKinds()
  std::string split;   // as the set calls it; empty: it has no parts
  std::string source;  // where the boxes stand, for messages
  std::vector<BoxCategory> categories;
  bool single_class = false;  // read so: BoxOptions::single_class
  std::vector<BoxImage> images;
  std::vector<TrueBox> boxes;  // in the set's order
  std::vector<BoxWarning> warnings;
};

/// What the one category of a set that is read as a single class is called.
inline constexpr std::string_view kSingleClassName = "object";

/// How VOC's corners are meant.
enum class VocCorners {
  kPixels,  // first and last pixel, counted from 1: x = xmin - 1 and
            // w = xmax - xmin + 1, as the Pascal VOC development kit
  kEdges,   // edges from 0: w = xmax - xmin, as many labelling tools write
};

struct BoxOptions {
  /// "" recognises the kind by looking; else one of BoxKinds().
  std::string kind;
  /// Folder that a COCO JSON's file names are relative to; empty: looked for.
  std::filesystem::path pictures;
  /// The default is what the format's own tools take corners for.
  VocCorners voc_corners = VocCorners::kPixels;
  /// All categories become one, kSingleClassName with id 1: where things are,
  /// not what they are.
  bool single_class = false;
  /// Sets none of whose pictures is on disk are taken; off, as a wrong folder
  /// is more likely.
  bool allow_no_pictures = false;
  /// Sets of whose rows none can be used are taken, to list what is odd; off,
  /// as nothing can be done with them.
  bool allow_no_boxes = false;
};

/// Reads the part `split` of the set at `root`. "" is the only part there is;
/// train/training, valid/val/validation and test/testing stand for one another,
/// and "val" finds COCO's "val2017". Throws InputError naming file and entry
/// where the set cannot be read; what is odd is in `warnings`, rows that cannot
/// be used among others that can too.
/// A part without pictures is legal.
BoxDataset OpenBoxDataset(const std::filesystem::path& root,
                          const std::string& split,
                          const BoxOptions& options = {});

/// The set's parts as it calls them, train, valid and test first; one empty
/// text where it is a single part. Throws InputError where there is no set.
std::vector<std::string> BoxSplits(const std::filesystem::path& root,
                                   const BoxOptions& options = {});

/// The box's part inside its picture, for training; none where that is empty,
/// as of a box without width or height or outside the picture. A picture of
/// unknown size cuts nothing off. The area is that of the part.
std::optional<TrueBox> TrainingBox(const TrueBox& box, const BoxImage& image);

/// Indices of the boxes of each image, in the set's order.
std::vector<std::vector<std::size_t>> BoxesOfImages(const BoxDataset& dataset);

/// The same set with some of its images alone, by index, in the order given;
/// their boxes keep the set's order. Warnings are not carried over.
BoxDataset SelectImages(const BoxDataset& dataset,
                        std::span<const std::size_t> images);

}  // namespace eyechart::data
