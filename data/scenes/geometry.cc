#include "data/scenes/geometry.h"

#include <algorithm>
#include <cmath>

namespace eyechart::scenes {
namespace {

// Taylor series on [-45, 45] degrees; the first term left out is below 1e-17.
double SinSmall(double x) {
  const double s = x * x;
  return x *
         (1 -
          s / 6 *
              (1 - s / 20 *
                       (1 - s / 42 *
                                (1 - s / 72 *
                                         (1 - s / 110 *
                                                  (1 - s / 156 *
                                                           (1 - s / 210)))))));
}
double CosSmall(double x) {
  const double s = x * x;
  return 1 -
         s / 2 *
             (1 -
              s / 12 *
                  (1 -
                   s / 30 *
                       (1 - s / 56 *
                                (1 - s / 90 *
                                         (1 - s / 132 *
                                                  (1 - s / 182 *
                                                           (1 - s / 240)))))));
}

constexpr double kRadian = 3.14159265358979323846 / 180;
constexpr int kCircleSides = 40;

double Length(Point p) { return std::sqrt(p.x * p.x + p.y * p.y); }

}  // namespace

double SinDegrees(double degrees) {
  const double turns = std::floor(degrees / 90 + 0.5);
  const double rest = (degrees - turns * 90) * kRadian;
  switch (static_cast<int>(turns - 4 * std::floor(turns / 4))) {
    case 0:
      return SinSmall(rest);
    case 1:
      return CosSmall(rest);
    case 2:
      return -SinSmall(rest);
    default:
      return -CosSmall(rest);
  }
}

double CosDegrees(double degrees) { return SinDegrees(degrees + 90); }

Point OnCircle(Point center, double radius, double degrees) {
  return {center.x + radius * SinDegrees(degrees),
          center.y - radius * CosDegrees(degrees)};
}

Point Turn(Point point, Point center, double degrees) {
  const double c = CosDegrees(degrees);
  const double s = SinDegrees(degrees);
  const double x = point.x - center.x;
  const double y = point.y - center.y;
  return {center.x + x * c - y * s, center.y + x * s + y * c};
}

Outline Rectangle(double left, double top, double right, double bottom) {
  return {{left, top}, {right, top}, {right, bottom}, {left, bottom}};
}

Outline RoundRectangle(
    double left, double top, double right, double bottom, double radius) {
  const double r = std::min({radius, (right - left) / 2, (bottom - top) / 2});
  const Point corners[] = {{right - r, top + r},
                           {right - r, bottom - r},
                           {left + r, bottom - r},
                           {left + r, top + r}};
  Outline outline;
  for (int corner = 0; corner < 4; ++corner) {
    for (int i = 0; i <= 8; ++i) {
      const double angle = corner * 90 + i * 90.0 / 8;
      outline.push_back({corners[corner].x + r * SinDegrees(angle),
                         corners[corner].y - r * CosDegrees(angle)});
    }
  }
  return outline;
}

Outline Ellipse(Point center, double rx, double ry, double turn) {
  Outline outline;
  for (int i = 0; i < kCircleSides; ++i) {
    const double angle = i * 360.0 / kCircleSides;
    const Point p{center.x + rx * CosDegrees(angle),
                  center.y + ry * SinDegrees(angle)};
    outline.push_back(turn == 0 ? p : Turn(p, center, turn));
  }
  return outline;
}

Outline RingSector(
    Point center, double inner, double outer, double from, double to) {
  Outline outline;
  const int steps = std::max(4, static_cast<int>((to - from) / 6));
  for (int side = 0; side < 2; ++side) {
    for (int i = 0; i <= steps; ++i) {
      const double share = static_cast<double>(side ? steps - i : i) / steps;
      const double angle = from + (to - from) * share;
      const double r = side ? inner : outer;
      outline.push_back(
          {center.x + r * SinDegrees(angle), center.y - r * CosDegrees(angle)});
    }
  }
  return outline;
}

Outline Smooth(std::span<const Point> points) {
  Outline outline;
  const std::size_t n = points.size();
  for (std::size_t i = 0; i < n; ++i) {
    const Point& a = points[(i + n - 1) % n];
    const Point& b = points[i];
    const Point& c = points[(i + 1) % n];
    const Point& d = points[(i + 2) % n];
    for (int step = 0; step < 6; ++step) {
      const double t = step / 6.0;
      const auto at = [t](double p, double q, double r, double s) {
        return q + t / 2 *
                       (r - p +
                        t * (2 * p - 5 * q + 4 * r - s +
                             t * (3 * (q - r) + s - p)));
      };
      outline.push_back({at(a.x, b.x, c.x, d.x), at(a.y, b.y, c.y, d.y)});
    }
  }
  return outline;
}

Outline Stroke(Point from, Point to, double width, double end_width) {
  const Point along{to.x - from.x, to.y - from.y};
  const double length = Length(along);
  const Point unit =
      length > 0 ? Point{along.x / length, along.y / length} : Point{1, 0};
  Outline outline;
  for (int end = 0; end < 2; ++end) {
    const Point center = end ? from : to;
    const double r = (end ? width : end_width) / 2;
    for (int i = 0; i <= 8; ++i) {
      const double angle = -90 + i * 180.0 / 8 + end * 180;
      const double c = CosDegrees(angle) * r;
      const double s = SinDegrees(angle) * r;
      outline.push_back({center.x + unit.x * c - unit.y * s,
                         center.y + unit.y * c + unit.x * s});
    }
  }
  return outline;
}

Outline Star(Point center, double radius, int tips, double inner_share) {
  Outline outline;
  for (int i = 0; i < 2 * tips; ++i) {
    const double r = i % 2 ? radius * inner_share : radius;
    const double angle = i * 180.0 / tips;
    outline.push_back(
        {center.x + r * SinDegrees(angle), center.y - r * CosDegrees(angle)});
  }
  return outline;
}

Outline Heart(Point center, double radius) {
  static constexpr Point kHalf[] = {{0, -0.45}, {0.3, -0.85}, {0.75, -0.85},
                                    {1, -0.45}, {0.85, 0},    {0.45, 0.5}};
  Outline outline;
  for (const Point& p : kHalf) outline.push_back(p);
  outline.push_back({0, 0.95});
  for (int i = 5; i > 0; --i) outline.push_back({-kHalf[i].x, kHalf[i].y});
  return Placed(Smooth(outline), center, radius, radius);
}

Outline Placed(Outline outline, Point to, double sx, double sy) {
  for (Point& p : outline) p = {to.x + p.x * sx, to.y + p.y * sy};
  return outline;
}

Outline Hull(Outline points) {
  std::sort(points.begin(), points.end(), [](Point a, Point b) {
    return a.x != b.x ? a.x < b.x : a.y < b.y;
  });
  Outline hull;
  // Andrew's monotone chain: the lower side, then the upper.
  for (int side = 0; side < 2; ++side) {
    const std::size_t start = hull.size();
    for (const Point& p : points) {
      while (hull.size() >= start + 2) {
        const Point& a = hull[hull.size() - 2];
        const Point& b = hull.back();
        if ((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) > 0) break;
        hull.pop_back();
      }
      hull.push_back(p);
    }
    hull.pop_back();
    std::reverse(points.begin(), points.end());
  }
  return hull;
}

data::Box BoundsOf(std::span<const Point> points) {
  if (points.empty()) return {};
  data::Box box{points[0].x, points[0].y, points[0].x, points[0].y};
  for (const Point& p : points) {
    box.left = std::min(box.left, p.x);
    box.top = std::min(box.top, p.y);
    box.right = std::max(box.right, p.x);
    box.bottom = std::max(box.bottom, p.y);
  }
  return box;
}

data::Box Union(const data::Box& a, const data::Box& b) {
  if (a.left >= a.right) return b;
  if (b.left >= b.right) return a;
  return {std::min(a.left, b.left), std::min(a.top, b.top),
          std::max(a.right, b.right), std::max(a.bottom, b.bottom)};
}

bool Overlap(const data::Box& a, const data::Box& b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom &&
         b.top < a.bottom;
}

}  // namespace eyechart::scenes
