#include "data/dataset.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "data/decode.h"
#include "tests/fixture.h"

namespace eyechart::data {
namespace {

using testing::InputErrorOf;
using testing::TempFolder;
using testing::WriteText;

std::unique_ptr<Dataset> Open(const std::filesystem::path& path,
                              const std::string& kind = "") {
  DatasetOptions options;
  options.path = path;
  options.kind = kind;
  return Dataset::Create(options);
}

std::string ErrorOf(const std::filesystem::path& path,
                    const std::string& kind = "") {
  return InputErrorOf([&] { Open(path, kind); });
}

std::vector<std::string> Ids(const Dataset& dataset) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < dataset.size(); ++i)
    ids.push_back(dataset.item(i).id);
  return ids;
}

// Says that `part` is in `text`, showing both where it is not.
#define EXPECT_HAS(text, part) \
  EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(ImageFolder, ByteOrderLabelsAndWhatIsLeftOut) {
  TempFolder folder;
  for (const char* name :
       {"b/2.JPG", "b/1.png", "a/x/deep.webp", "Z.bmp", "a.tiff", "b.txt",
        ".hidden.png", ".git/1.png", "a/.x.png", "c/none.gif", "\xC3\xA9.tif"})
    WriteText(folder / name, name);
  const auto dataset = Open(folder.path());
  EXPECT_EQ(Ids(*dataset),
            (std::vector<std::string>{"Z.bmp", "a.tiff", "a/x/deep.webp",
                                      "b/1.png", "b/2.JPG", "\xC3\xA9.tif"}));
  EXPECT_EQ(dataset->item(0).label, "");
  EXPECT_EQ(dataset->item(2).label, "a");
  EXPECT_EQ(dataset->item(4).label, "b");
  EXPECT_EQ(dataset->item(4).path, "b/2.JPG");
  EXPECT_EQ(dataset->Read(4), "b/2.JPG");
  EXPECT_EQ(dataset->name(), folder.path().filename().string());
  EXPECT_EQ(Open(folder.path() / "")->name(),
            folder.path().filename().string());
}

// What `generate` writes to look at is none of the pictures.
TEST(ImageFolder, LeavesOutTheContactSheetOfAGeneratedFolder) {
  TempFolder folder;
  const std::string manifest =
      R"({"kind": "scenes", "renderer": 1, "pixels_sha256": "00"})";
  WriteText(folder / "test/manifest.json", manifest);
  for (const char* name : {"test/contact_sheet.jpg", "test/contact_sheet.png",
                           "test/images/contact_sheet.jpg", "test/images/1.jpg",
                           "other/contact_sheet.jpg", "store/contact_sheet.jpg",
                           "odd/contact_sheet.jpg"})
    WriteText(folder / name, name);
  WriteText(folder / "store/manifest.json", R"({"schema": 1})");
  WriteText(folder / "odd/manifest.json", "{");
  EXPECT_EQ(Ids(*Open(folder.path())),
            (std::vector<std::string>{
                "odd/contact_sheet.jpg", "other/contact_sheet.jpg",
                "store/contact_sheet.jpg", "test/contact_sheet.png",
                "test/images/1.jpg", "test/images/contact_sheet.jpg"}));
  EXPECT_EQ(Open(folder.path(), "boxes")->size(), 6u);
  EXPECT_EQ(Ids(*Open(folder / "test")),
            (std::vector<std::string>{"contact_sheet.png", "images/1.jpg",
                                      "images/contact_sheet.jpg"}));
  EXPECT_EQ(Open(folder / "other")->size(), 1u);
}

TEST(ImageFolder, LinksAreFollowedButNotRound) {
  TempFolder folder;
  TempFolder elsewhere;
  WriteText(folder / "a/1.png", "1");
  WriteText(elsewhere / "2.png", "2");
  std::filesystem::create_directory_symlink(folder.path(), folder / "a/up");
  std::filesystem::create_directory_symlink(elsewhere.path(), folder / "b");
  std::filesystem::create_symlink("nowhere.png", folder / "dangling.png");
  EXPECT_EQ(Ids(*Open(folder.path())),
            (std::vector<std::string>{"a/1.png", "b/2.png"}));
}

TEST(ImageFolder, BadFolders) {
  TempFolder folder;
  EXPECT_HAS(ErrorOf(folder / "none"), "no such file or folder");
  EXPECT_HAS(ErrorOf(folder / "none"), (folder / "none").string());
  EXPECT_HAS(ErrorOf(folder.path()), "holds no pictures");
  WriteText(folder / "notes.txt", "words");
  const std::string error = ErrorOf(folder.path());
  EXPECT_HAS(error, "only 1 other file");
  EXPECT_HAS(error, "jpg, jpeg, png");
  EXPECT_HAS(ErrorOf(folder / "notes.txt", "folder"), "is a file");
  EXPECT_HAS(ErrorOf(folder.path(), "csv"), "is a folder");
  EXPECT_HAS(ErrorOf(folder.path(), "foldr"), "did you mean \"folder\"");
}

TEST(CsvManifest, ColumnsByName) {
  TempFolder folder;
  WriteText(folder / "p/1.png", "one");
  WriteText(
      folder / "all.csv",
      "label,note,path,id\ncat,x,p/1.png,first\ndog,y,p/2.png,\"a, b\"\n");
  const auto dataset = Open(folder / "all.csv");
  EXPECT_EQ(Ids(*dataset), (std::vector<std::string>{"first", "a, b"}));
  EXPECT_EQ(dataset->item(1).label, "dog");
  EXPECT_EQ(dataset->item(1).path, "p/2.png");
  EXPECT_EQ(dataset->Read(0), "one");
  EXPECT_HAS(InputErrorOf([&] { dataset->Read(1); }), "2.png");
  EXPECT_EQ(dataset->name(), "all.csv");
  WriteText(folder / "plain.csv", "path\np/1.png\n");
  EXPECT_EQ(Open(folder / "plain.csv")->item(0).id, "p/1.png");
}

TEST(CsvManifest, BadFiles) {
  TempFolder folder;
  WriteText(folder / "1.png", "one");
  const auto error = [&folder](const std::string& text) {
    WriteText(folder / "x.csv", text);
    return ErrorOf(folder / "x.csv");
  };
  EXPECT_HAS(error("file\n1.png\n"), "path");
  EXPECT_HAS(error("path,label\n1.png,a\n,b\n"), "row 3");
  EXPECT_HAS(error("path\n"), "lists no pictures");
  EXPECT_HAS(error("path\n1.png\n1.png\n"), "same id \"1.png\"");
  EXPECT_HAS(error("path,id\n1.png,\n"), "\"id\" is empty");
  EXPECT_HAS(error("path\n../1.png\n"), "../1.png");
  EXPECT_HAS(error("path\n/etc/1.png\n"), "/etc/1.png");
  EXPECT_HAS(error("path\n2.png\n3.png\n"), "none of its 2 paths exists");
}

TEST(ListFile, Lines) {
  TempFolder folder;
  WriteText(folder / "#1.png", "one");
  WriteText(folder / "list.txt",
            "\xEF\xBB\xBF#1.png\r\n\n  \nsub dir/2.png\n3.png");
  const auto dataset = Open(folder / "list.txt");
  EXPECT_EQ(Ids(*dataset),
            (std::vector<std::string>{"#1.png", "sub dir/2.png", "3.png"}));
  EXPECT_EQ(dataset->Read(0), "one");
}

TEST(ListFile, BadFiles) {
  TempFolder folder;
  const auto error = [&folder](const std::string& text) {
    WriteText(folder / "x.txt", text);
    return ErrorOf(folder / "x.txt");
  };
  EXPECT_HAS(error(""), "lists nothing");
  EXPECT_HAS(error("\n \n"), "lists nothing");
  EXPECT_HAS(error("Dear reader,\nthis is no list.\n"), "none of its 2 paths");
  EXPECT_HAS(error(std::string("a\0b", 3)), "neither a list");
  EXPECT_HAS(error("\xFF\xD8\xFF\xE0 a JPEG"), "is a single picture");
  WriteText(folder / "1.png", "one");
  EXPECT_HAS(error("1.png\n../1.png\n"), "../1.png");
  EXPECT_HAS(error("1.png\n1.png\n"), "pictures 1 and 2");
}

TEST(CocoImages, IdsAndRoot) {
  TempFolder folder;
  WriteText(folder / "val/b.jpg", "bee");
  WriteText(folder / "ann/i.json",
            R"({"images":[{"id":12,"file_name":"b.jpg"},)"
            R"({"id":3,"file_name":"a.jpg"}],"annotations":[]})");
  DatasetOptions options;
  options.path = folder / "ann/i.json";
  options.root = folder / "val";
  const auto dataset = Dataset::Create(options);
  EXPECT_EQ(Ids(*dataset), (std::vector<std::string>{"12", "3"}));
  EXPECT_EQ(dataset->item(0).path, "b.jpg");
  EXPECT_EQ(dataset->Read(0), "bee");
  EXPECT_HAS(ErrorOf(options.path), "none of its 2 paths exists");
  options.root = folder / "nowhere";
  EXPECT_HAS(InputErrorOf([&] { Dataset::Create(options); }), "no such folder");
}

TEST(CocoImages, BadFiles) {
  TempFolder folder;
  WriteText(folder / "a.jpg", "x");
  const auto error = [&folder](const std::string& text) {
    WriteText(folder / "x.json", text);
    return ErrorOf(folder / "x.json");
  };
  EXPECT_HAS(error("{"), "x.json");
  EXPECT_HAS(error("[]"), "\"images\"");
  EXPECT_HAS(error(R"({"images":[]})"), "lists no pictures");
  EXPECT_HAS(error(R"({"images":[3]})"), "images[0]");
  EXPECT_HAS(error(R"({"images":[{"id":1}]})"), "file_name");
  EXPECT_HAS(error(R"({"images":[{"id":1.5,"file_name":"a.jpg"}]})"), "\"id\"");
  EXPECT_HAS(error(R"({"images":[{"id":1,"file_name":"a.jpg"},)"
                   R"({"id":1,"file_name":"b.jpg"}]})"),
             "same id \"1\"");
  EXPECT_HAS(error(R"({"images":[{"id":1,"file_name":"../a.jpg"}]})"),
             "../a.jpg");
}

std::string Big32(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

std::string IdxImages(std::uint32_t n,
                      std::uint32_t h,
                      std::uint32_t w,
                      const std::string& pixels) {
  return std::string("\0\0\x08\x03", 4) + Big32(n) + Big32(h) + Big32(w) +
         pixels;
}

std::string IdxLabels(const std::string& labels) {
  return std::string("\0\0\x08\x01", 4) +
         Big32(static_cast<std::uint32_t>(labels.size())) + labels;
}

void WriteGzip(const std::filesystem::path& path, const std::string& content) {
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, content.data(), static_cast<unsigned>(content.size()));
  gzclose(file);
}

TEST(Idx, PicturesAndLabels) {
  TempFolder folder;
  std::string pixels;
  for (int i = 0; i < 2 * 3 * 5; ++i) pixels += static_cast<char>(8 * i);
  const std::string images = IdxImages(2, 3, 5, pixels);
  WriteText(folder / "t10k-images-idx3-ubyte", images);
  WriteText(folder / "t10k-labels-idx1-ubyte", IdxLabels("\x07\xFF"));
  WriteGzip(folder / "gz-images-idx3-ubyte.gz", images);
  WriteGzip(folder / "gz-labels-idx1-ubyte.gz", IdxLabels("\x07\xFF"));
  for (const char* name :
       {"t10k-images-idx3-ubyte", "gz-images-idx3-ubyte.gz"}) {
    const auto dataset = Open(folder / name);
    EXPECT_EQ(Ids(*dataset), (std::vector<std::string>{"0", "1"}));
    EXPECT_EQ(dataset->item(0).label, "7");
    EXPECT_EQ(dataset->item(1).label, "255");
    EXPECT_EQ(dataset->item(0).path, "");
    const Image image = Decode(dataset->Read(1), {}).image;
    ASSERT_EQ(image.width, 5);
    ASSERT_EQ(image.height, 3);
    for (int i = 0; i < 15; ++i)
      for (int c = 0; c < 3; ++c)
        EXPECT_EQ(image.pixels[3 * i + c],
                  static_cast<std::uint8_t>(pixels[15 + i]));
  }
  WriteText(folder / "plain.idx", images);
  EXPECT_EQ(Open(folder / "plain.idx")->item(0).label, "");
}

TEST(Idx, BadFiles) {
  TempFolder folder;
  const std::string good = IdxImages(2, 2, 2, "12345678");
  const auto error = [&folder](const std::string& bytes) {
    WriteText(folder / "x-images-idx3", bytes);
    return ErrorOf(folder / "x-images-idx3", "idx");
  };
  EXPECT_EQ(error(good), "");
  EXPECT_HAS(error(good.substr(0, good.size() - 1)), "truncated");
  EXPECT_HAS(error(good + "9"), "too long");
  EXPECT_HAS(error(good.substr(0, 9)), "is no IDX file");
  EXPECT_HAS(error(IdxImages(0, 2, 2, "")), "is 0");
  EXPECT_HAS(error(IdxImages(1u << 31, 1u << 31, 1u << 31, "1")), "size");
  EXPECT_HAS(error(IdxLabels("12")), "is no IDX file");
  WriteText(folder / "x-labels-idx1", IdxLabels("123"));
  EXPECT_HAS(error(good), "3 labels for the 2 pictures");
  // A gzip that claims far more than it can hold, one cut short, one damaged.
  const auto path = folder / "y-images-idx3.gz";
  WriteGzip(path, IdxImages(1u << 16, 1u << 7, 1u << 7, "few"));
  EXPECT_HAS(ErrorOf(path), "truncated");
  WriteGzip(path, good);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 12);
  EXPECT_HAS(ErrorOf(path), "truncated");
}

}  // namespace
}  // namespace eyechart::data
