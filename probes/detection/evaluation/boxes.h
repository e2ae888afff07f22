// Boxes in memory, as structures of arrays: what was there and what was found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eyechart::detection {

/// Leaves new elements as they are: columns of millions are written right after
/// they are made.
template <typename T>
struct UninitializedAllocator : std::allocator<T> {
  template <typename U>
  struct rebind {
    using other = UninitializedAllocator<U>;
  };
  template <typename U>
  void construct(U* place) {
    ::new (static_cast<void*>(place)) U;
  }
  template <typename U, typename... Args>
  void construct(U* place, Args&&... args) {
    ::new (static_cast<void*>(place)) U(std::forward<Args>(args)...);
  }
};

template <typename T>
using Column = std::vector<T, UninitializedAllocator<T>>;

/// Image ids, distinct and ascending: numbers, then texts by their bytes (the
/// order in which pycocotools visits images, which decides ties of scores).
struct ImageIds {
  std::vector<std::int64_t> numbers;
  std::vector<std::string> texts;

  std::size_t size() const { return numbers.size() + texts.size(); }
  /// The index of an id, or -1.
  std::int32_t Find(std::int64_t number) const;
  std::int32_t Find(std::string_view text) const;
  /// As JSON has it, without quotes.
  std::string Name(std::size_t index) const;
};

struct Category {
  std::int64_t id = 0;
  std::string name;
  // How many entries of the file have this id; see
  // EvaluationOptions::class_agnostic.
  std::int64_t listed = 1;
};

/// Pixels; infinite where it is not known, so that no box begins behind it.
struct ImageExtent {
  double width = std::numeric_limits<double>::infinity();
  double height = std::numeric_limits<double>::infinity();

  bool known() const { return width < std::numeric_limits<double>::infinity(); }
};

/// Ground truth. Made in memory, ids must be distinct and ascending and the
/// columns alike in length; `Evaluate` checks.
struct Truth {
  std::vector<Category> categories;  // by ascending id
  ImageIds images;
  // Of each image, for warnings alone: no figure knows of it. Empty where the
  // truth was not read from a file.
  std::vector<ImageExtent> sizes;
  // One element an annotation, in the file's order.
  Column<std::int32_t> image;     // index into images; -1: not among them
  Column<std::int32_t> category;  // index into categories; -1: not among them
  Column<double> x, y, width, height;  // pixels, upper left corner first
  Column<double> area;                 // decides the size, square pixels
  Column<std::uint8_t> crowd;          // 1: a region that absorbs detections
  Column<std::int64_t> id;

  std::size_t size() const { return image.size(); }
  void Add(std::int32_t image_index,
           std::int32_t category_index,
           double left,
           double top,
           double box_width,
           double box_height,
           bool is_crowd = false);
};

/// Detections, in the order that decides ties within an image.
struct Detections {
  Column<std::int32_t> image;     // index into Truth::images
  Column<std::int32_t> category;  // index into Truth::categories; -1: unknown
  Column<double> x, y, width, height;
  Column<double> score;

  std::size_t size() const { return image.size(); }
  void Add(std::int32_t image_index,
           std::int32_t category_index,
           double left,
           double top,
           double box_width,
           double box_height,
           double confidence);
};

/// All categories as one, of pycocotools' id -1 and called "all classes"; what
/// has none stays without. For what looks across categories and for names:
/// `Evaluate` has an option of its own, as the order of the categories decides
/// ties there.
void MergeCategories(Truth& truth, Detections& detections);

/// Throws InputError where a column has another length than the others, an
/// index points nowhere, ids are not ascending or a number is not finite.
void RequireUsable(const Truth& truth);
void RequireUsable(const Detections& detections, const Truth& truth);

}  // namespace eyechart::detection
