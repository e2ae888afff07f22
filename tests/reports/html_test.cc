#include <gtest/gtest.h>

#include "core/hash.h"
#include "core/text.h"
#include "reports/exporter.h"
#include "tests/fixture.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using testing::CountOf;

std::string Export(const std::vector<RunFolder>& runs) {
  return Exporter::Create("html")->Export(runs);
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// What stands between the first `begin` and the next `end` after it.
std::string Between(const std::string& text,
                    const std::string& begin,
                    const std::string& end) {
  const std::size_t from = text.find(begin);
  if (from == std::string::npos) return "";
  const std::size_t start = from + begin.size();
  return text.substr(start, text.find(end, start) - start);
}

Json RecordDataOf(const std::string& html) {
  return Json::parse(
      Between(html, "<script type=\"application/json\" id=\"records-data\">",
              "</script>"));
}

// The value that the page's script finds for a field of a row.
Json ValueAt(const Json& data, const std::string& name, std::size_t row) {
  for (const Json& column : data.at("columns")) {
    if (column.at("name") != name) continue;
    const Json& values = column.at("values");
    if (column.contains("index"))
      return values.at(column.at("index").at(row).get<std::size_t>());
    return values.at(values.size() == 1 ? 0 : row);
  }
  return "no such column";
}

// Everything outside of style and scripts, whose text is not markup.
std::string Markup(const std::string& html) {
  std::string markup;
  std::size_t at = 0;
  while (true) {
    const std::size_t style = html.find("<style", at);
    const std::size_t script = html.find("<script", at);
    const std::size_t next = std::min(style, script);
    markup += html.substr(at, next - at);
    if (next == std::string::npos) return markup;
    const std::string close = next == style ? "</style>" : "</script>";
    at = html.find(close, next) + close.size();
  }
}

// The elements that stay open, as "a b", or a complaint about a wrong end tag.
std::string Unbalanced(const std::string& markup) {
  const std::vector<std::string> kVoid = {"meta", "img", "br", "!doctype"};
  std::vector<std::string> open;
  for (std::size_t at = markup.find('<'); at != std::string::npos;
       at = markup.find('<', at + 1)) {
    const bool end = markup[at + 1] == '/';
    const std::size_t from = at + (end ? 2 : 1);
    const std::string name =
        markup.substr(from, markup.find_first_of(" >", from) - from);
    if (std::ranges::find(kVoid, name) != kVoid.end()) continue;
    if (!end) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "</" + name + "> after <" + (open.empty() ? "" : open.back());
    } else {
      open.pop_back();
    }
  }
  return fmt::format("{}", fmt::join(open, " "));
}

TEST(HtmlTest, ElementsAreBalancedWhateverTheTextHolds) {
  std::vector<RunFolder> runs = {testing::SampleRun(), testing::SampleRun()};
  runs[0].galleries[testing::kMineCell] = testing::SampleGallery();
  runs[1].name = testing::kAwkward;
  EXPECT_EQ(Unbalanced(Markup(Export({runs[0]}))), "");
  EXPECT_EQ(Unbalanced(Markup(Export(runs))), "");
  EXPECT_EQ(Unbalanced(Markup(Export({RunFolder{}}))), "");
}

TEST(HtmlTest, TextIsEscaped) {
  const std::string html = Export({testing::SampleRun()});
  EXPECT_FALSE(Contains(html, "</script><b>"));
  EXPECT_FALSE(Contains(html, "a|<b>"));
  EXPECT_TRUE(Contains(html, EscapeHtml(testing::kAwkward)));
  EXPECT_TRUE(Contains(html, "a|&lt;b&gt;&quot;c&quot;"));
  // Two blocks of script and their two ends, whatever the records say.
  EXPECT_EQ(CountOf(html, "<script"), 2u);
  EXPECT_EQ(CountOf(html, "</script"), 2u);
}

TEST(HtmlTest, EmbedsEveryFieldOfEveryRecord) {
  const RunFolder run = testing::SampleRun();
  const Json data = RecordDataOf(Export({run}));
  ASSERT_EQ(data.at("rows"), run.records.size());
  for (std::size_t row = 0; row < run.records.size(); ++row) {
    for (const RecordField& field : RecordFields()) {
      if (field.name == "setting") continue;
      EXPECT_EQ(ValueAt(data, std::string(field.name), row),
                field.to_json(run.records[row]))
          << field.name << " of row " << row;
    }
    for (const auto& [key, value] : run.records[row].setting)
      EXPECT_EQ(ValueAt(data, "setting " + key, row), Json(value));
  }
  EXPECT_TRUE(ValueAt(data, "setting near_min", 0).is_null());
  EXPECT_EQ(data.at("shares"), Json({"blind_share"}));
}

TEST(HtmlTest, LoadsNothing) {
  RunFolder run = testing::SampleRun();
  run.galleries[testing::kMineCell] = testing::SampleGallery();
  const std::string html = Export({run});
  EXPECT_FALSE(Contains(html, "http://"));
  EXPECT_FALSE(Contains(html, "https://"));
  EXPECT_FALSE(Contains(html, "@import"));
  EXPECT_FALSE(Contains(html, "url("));
  EXPECT_EQ(CountOf(html, "src=\""), 1u);
  EXPECT_TRUE(Contains(html, "src=\"data:image/png;base64,AAAA\""));
  EXPECT_TRUE(Contains(html, "no thumbnail"));
  // The policy lets the page's own script run, and no other.
  const std::string script = Between(html, "<script>", "</script>");
  std::string digest;
  const std::string hex = Sha256Hex(script);
  for (std::size_t i = 0; i < hex.size(); i += 2)
    digest += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  EXPECT_TRUE(Contains(html, "default-src 'none'; img-src data:;"));
  EXPECT_TRUE(Contains(html, "script-src 'sha256-" + Base64(digest) + "'"));
}

TEST(HtmlTest, ServesKeyboardScreenReaderAndPrint) {
  const std::string html = Export({testing::SampleRun()});
  EXPECT_TRUE(Contains(html, "<html lang=\"en\">"));
  EXPECT_TRUE(Contains(html, "href=\"#main\">Skip"));
  EXPECT_TRUE(Contains(html, "<main id=\"main\""));
  EXPECT_EQ(CountOf(html, "<h1"), 1u);
  EXPECT_EQ(CountOf(html, "<table"), CountOf(html, "<caption"));
  EXPECT_EQ(CountOf(html, "<th>"), 0u);
  // Paper stays light.
  EXPECT_EQ(CountOf(html, "prefers-color-scheme:dark"),
            CountOf(html, "@media screen and (prefers-color-scheme:dark)"));
  EXPECT_TRUE(Contains(html, "@media print"));
  EXPECT_TRUE(Contains(html, ":focus-visible"));
}

TEST(HtmlTest, SummaryComesFirstAndCountsTheCells) {
  const std::string html = Export({testing::SampleRun()});
  EXPECT_TRUE(Contains(html, "<p class=\"verdict bad\">1 of 4 cells failed."));
  EXPECT_TRUE(Contains(html, "<dt>cells ok</dt><dd>3</dd>"));
  EXPECT_TRUE(Contains(html, "<dt>unreadable pictures</dt><dd>2</dd>"));
  EXPECT_LT(html.find("id=\"summary\""), html.find("id=\"failed\""));
  EXPECT_LT(html.find("id=\"failed\""), html.find("id=\"results\""));
  EXPECT_TRUE(Contains(html, "3.142%<small>[2.000%, 5.000%]</small>"));
}

TEST(HtmlTest, ShowsPairsAsPicturesWithBothCosines) {
  RunFolder run = testing::SampleRun();
  run.galleries[testing::kMineCell] = testing::SampleGallery();
  const std::string html = Export({run});
  EXPECT_TRUE(Contains(html, "alt=\"ankle &lt;boot&gt;, a/1.jpg\""));
  EXPECT_TRUE(Contains(html, "--v:97.1%;--t:95.0%"));
  EXPECT_TRUE(Contains(html, "--v:0.0%;--t:60.0%"));  // a cosine below zero
  EXPECT_TRUE(Contains(html, ">-0.250<"));
  EXPECT_TRUE(Contains(html, "A CLIP-blind pair is"));
}

TEST(HtmlTest, ABadGalleryIsAnErrorThatNamesItsKey) {
  RunFolder run = testing::SampleRun();
  Json gallery = testing::SampleGallery();
  gallery["pairs"][0].erase("gap");
  run.galleries[testing::kMineCell] = gallery;
  const std::string error = InputErrorOf([&] { Export({run}); });
  EXPECT_TRUE(Contains(error, "\"gap\"")) << error;
  EXPECT_TRUE(Contains(error, testing::kMineCell)) << error;
}

TEST(HtmlTest, GivesTheCommandDetailsAndMethods) {
  const std::string html = Export({testing::SampleRun()});
  EXPECT_TRUE(Contains(html,
                       "<pre class=\"command\">eyechart run a.toml --out "
                       "&#39;x &amp; y&#39;</pre>"));
  EXPECT_TRUE(Contains(html, std::string(64, 'a') + "</dd>"));
  EXPECT_TRUE(Contains(html, "<dt>setting batch</dt><dd>32</dd>"));
  EXPECT_TRUE(Contains(html, "<b>jackknife over images</b> (95%): "));
}

TEST(HtmlTest, TenThousandRecordsStayBelowFiveMegabytes) {
  RunFolder run;
  run.name = "big";
  for (int i = 0; i < 10000; ++i) {
    // Nothing two cells share: other names, settings, hashes, times, values.
    Record record = testing::MineRecord("blind_share", (i + 0.5) / 10007.0);
    record.ci = Interval{*record.value * 0.9, *record.value * 1.1, 0.95,
                         "jackknife over images"};
    record.encoder = fmt::format("clip-{}~dinov2-{}", i % 100, i / 100);
    record.setting = {{"near_min", FormatDouble(0.9 + i * 1e-6)},
                      {"far_max", "0.6"},
                      {"engine", "exact"}};
    record.cell = fmt::format("{}/mine/photos/engine=exact,near_min={}",
                              record.encoder, record.setting["near_min"]);
    record.dataset_sha256 = Sha256Hex(std::to_string(i));
    record.started = fmt::format("2026-11-23T{:02}:{:02}:{:02}Z", i / 3600,
                                 i / 60 % 60, i % 60);
    record.seconds = 1 + i / 3.0;
    run.records.push_back(record);
  }
  const std::string html = Export({run});
  EXPECT_LT(html.size(), 5u << 20);
  const Json data = RecordDataOf(html);
  EXPECT_EQ(data.at("rows"), 10000);
  EXPECT_EQ(ValueAt(data, "cell", 9999), Json(run.records[9999].cell));
  EXPECT_TRUE(Contains(html, "9\u202f500 cells more"));
}

}  // namespace
}  // namespace eyechart::reports
