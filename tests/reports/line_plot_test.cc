#include "reports/line_plot.h"

#include <gtest/gtest.h>

#include <cmath>
#include <regex>
#include <set>

namespace eyechart::reports {
namespace {

Plot Sample() {
  Plot plot;
  plot.title = "a <b> & c";
  plot.x_label = "px";
  plot.y_label = "right answers";
  plot.log_x = true;
  plot.percent_y = true;
  plot.rules = {{0.75, "75%"}};
  plot.series = {{"clip",
                  0,
                  false,
                  {{1, 0.25, 0.2, 0.3}, {4, 0.5, {}, {}}, {16, 1.0, 0.9, 1.0}},
                  {},
                  {{8, 0.75}}}};
  return plot;
}

std::vector<std::pair<double, double>> Circles(const std::string& svg) {
  std::vector<std::pair<double, double>> found;
  const std::regex circle("<circle cx=\"([0-9.]+)\" cy=\"([0-9.]+)\"");
  for (std::sregex_iterator it(svg.begin(), svg.end(), circle), end; it != end;
       ++it)
    found.emplace_back(std::stod((*it)[1]), std::stod((*it)[2]));
  return found;
}

TEST(PlotSvg, PlacesPointsOnALogarithmicAxis) {
  const auto marks = Circles(PlotSvg(Sample()));
  ASSERT_EQ(marks.size(), 3u);
  // 4 is half way from 1 to 16 by factors.
  EXPECT_NEAR(marks[1].first, (marks[0].first + marks[2].first) / 2, 0.1);
  // A third of the way from 0.25 to 1; higher is smaller in SVG.
  EXPECT_NEAR(marks[1].second,
              marks[0].second + (marks[2].second - marks[0].second) / 3, 0.2);
  EXPECT_LT(marks[2].second, marks[0].second);
}

TEST(PlotSvg, PlacesPointsOnTwoLogarithmicAxes) {
  Plot plot = Sample();
  plot.log_y = true;
  plot.y_low = 0.1;
  plot.y_high = 10;
  plot.series[0].points = {
      {1, 0.25, {}, {}}, {4, 0.5, {}, {}}, {16, 1.0, {}, {}}};
  const auto marks = Circles(PlotSvg(plot));
  ASSERT_EQ(marks.size(), 3u);
  // 0.5 is half way from 0.25 to 1 by factors.
  EXPECT_NEAR(marks[1].second, (marks[0].second + marks[2].second) / 2, 0.1);
}

TEST(PlotSvg, EscapesTextAndDescribesItself) {
  const std::string svg = PlotSvg(Sample());
  EXPECT_NE(svg.find("<title>a &lt;b&gt; &amp; c</title>"), std::string::npos);
  EXPECT_NE(svg.find("clip: from 0.25 at 1 to 1 at 16"), std::string::npos);
  EXPECT_NE(svg.find(">75%</text>"), std::string::npos);
  EXPECT_NE(svg.find("class=\"drop\""), std::string::npos);
}

TEST(PlotSvg, SaysThatNothingWasMeasured) {
  Plot plot = Sample();
  plot.series.clear();
  EXPECT_NE(PlotSvg(plot).find("no measured point"), std::string::npos);
}

TEST(PlotSvg, OnePointHasAnAxisToStandOn) {
  Plot plot = Sample();
  plot.series[0].points.resize(1);
  const auto marks = Circles(PlotSvg(plot));
  ASSERT_EQ(marks.size(), 1u);
  EXPECT_TRUE(std::isfinite(marks[0].first));
}

TEST(PlotTicks, AreRound) {
  EXPECT_EQ(PlotTicks(0.4, 16, true), (std::vector<double>{0.5, 1, 2, 5, 10}));
  const std::vector<double> linear = PlotTicks(0, 1, false);
  ASSERT_EQ(linear.size(), 3u);
  EXPECT_DOUBLE_EQ(linear[1], 0.5);
  EXPECT_FALSE(std::signbit(linear[0]));
  EXPECT_LE(PlotTicks(1e-6, 1e6, true).size(), 6u);
}

TEST(PlotTicks, AreEnoughToReadAScaleBy) {
  for (const bool log : {false, true})
    for (const auto& [low, high] :
         {std::pair{0.801, 0.894}, {21.0, 45.0}, {1.0, 12.0}, {3.0, 9.0}}) {
      const std::vector<double> ticks = PlotTicks(low, high, log);
      EXPECT_GE(ticks.size(), 3u) << low << " to " << high;
      EXPECT_LE(ticks.size(), 10u) << low << " to " << high;
      for (const double tick : ticks)
        EXPECT_TRUE(tick > low * 0.99 && tick < high * 1.01) << tick;
    }
  // Ends a few units of the last place apart: no endless loop.
  EXPECT_LE(PlotTicks(1, std::nextafter(1, 2), false).size(), 10u);
}

TEST(PlotSvg, NamesOfRulesAreApart) {
  Plot plot = Sample();
  plot.rules = {{0.5, "upper"}, {0.49, "lower"}, {0.9, "far"}};
  const std::string svg = PlotSvg(plot);
  std::vector<double> heights;
  const std::regex label("class=\"rulelabel\" x=\"[0-9.]+\" y=\"([0-9.]+)\"");
  for (std::sregex_iterator it(svg.begin(), svg.end(), label), end; it != end;
       ++it)
    heights.push_back(std::stod((*it)[1]));
  ASSERT_EQ(heights.size(), 3u);
  EXPECT_GE(heights[1] - heights[0], 12);
  EXPECT_LT(heights[2], heights[0]);
  // Behind the lines of the series nobody could read them.
  EXPECT_LT(svg.find("<polyline"), svg.find("rulelabel"));
}

// Class of the colour and element of the mark, by series.
std::vector<std::string> Looks(const std::string& legend) {
  std::vector<std::string> looks;
  const std::regex look(
      "<g class=\"(s[0-9])\"><polyline[^>]*><(\\w+) ([^>]*)/></g>");
  for (std::sregex_iterator it(legend.begin(), legend.end(), look), end;
       it != end; ++it)
    looks.push_back((*it)[1].str() + " " + (*it)[2].str() + (*it)[3].str());
  return looks;
}

TEST(PlotLegend, ThirtyTwoStylesLookDifferent) {
  std::vector<PlotSeries> series(33);
  for (std::size_t i = 0; i < series.size(); ++i) series[i].style = i;
  const std::vector<std::string> looks = Looks(PlotLegend(series));
  ASSERT_EQ(looks.size(), 33u);
  EXPECT_EQ(std::set<std::string>(looks.begin(), looks.end()).size(), 32u);
  EXPECT_EQ(looks[0], looks[32]);
}

TEST(PlotSvg, AMarkSaysItsNameAndValues) {
  Plot plot = Sample();
  std::string svg = PlotSvg(plot);
  EXPECT_NE(svg.find("<title>clip: 25.00% [20.00%, 30.00%] at 1</title>"
                     "</circle>"),
            std::string::npos)
      << svg;
  EXPECT_NE(svg.find("<title>clip: 50.00% at 4</title></circle>"),
            std::string::npos);
  plot.percent_y = false;
  plot.series[0].points[1].name = "a <point>";
  plot.series[0].points[1].x_low = 3;
  plot.series[0].points[1].x_high = 5;
  // Each of the four marks.
  for (const char* element : {"circle", "rect", "path", "path"}) {
    svg = PlotSvg(plot);
    EXPECT_NE(svg.find("<title>a &lt;point&gt;: 0.5000 at 4 [3, 5]</title></" +
                       std::string(element) + ">"),
              std::string::npos)
        << svg;
    ++plot.series[0].style;
  }
  // A legend's marks have their names beside them.
  EXPECT_EQ(PlotLegend(plot.series).find("<title>"), std::string::npos);
}

TEST(PlotSvg, LabelsStandBesideTheirMarksAndApart) {
  Plot plot = Sample();
  EXPECT_EQ(PlotSvg(plot).find("\"marklabel\""), std::string::npos);
  // Three of nearly one place, and one in each corner.
  plot.series[0].points = {{8, 0.50, {}, {}},
                           {8.01, 0.505, {}, {}},
                           {8.02, 0.51, {}, {}},
                           {4, 0, {}, {}},
                           {16, 1, {}, {}}};
  for (std::size_t i = 0; i < 5; ++i)
    plot.series[0].points[i].label = std::to_string(i + 1);
  const std::string svg = PlotSvg(plot);
  const auto marks = Circles(svg);
  ASSERT_EQ(marks.size(), 5u);
  std::vector<std::pair<double, double>> labels;
  const std::regex label(
      "class=\"marklabel\" x=\"([0-9.]+)\" y=\"([0-9.]+)\">([1-5])<");
  for (std::sregex_iterator it(svg.begin(), svg.end(), label), end; it != end;
       ++it) {
    labels.emplace_back(std::stod((*it)[1]), std::stod((*it)[2]));
    EXPECT_EQ((*it)[3].str(), std::to_string(labels.size()));
  }
  ASSERT_EQ(labels.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_LT(std::abs(labels[i].first - marks[i].first), 14) << i;
    EXPECT_LT(std::abs(labels[i].second - marks[i].second), 14) << i;
    EXPECT_LE(labels[i].first, 354) << "out of the picture";
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_TRUE(std::abs(labels[i].first - labels[j].first) >= 6 ||
                  std::abs(labels[i].second - labels[j].second) >= 8)
          << i << " lies on " << j;
  }
  EXPECT_LT(svg.rfind("<circle"), svg.find("\"marklabel\""));
}

TEST(PlotSvg, NamesItsUpAxis) {
  EXPECT_NE(PlotSvg(Sample()).find(">right answers</text>"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::reports
