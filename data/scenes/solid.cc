#include "data/scenes/solid.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>

namespace eyechart::scenes {
namespace {

constexpr int kSides = 20;
// From the upper left and the front.
constexpr Vec kLight{-0.45, 0.74, 0.5};
constexpr Color kInk{36, 32, 40};

Vec operator+(Vec a, Vec b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
Vec operator-(Vec a, Vec b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
Vec operator*(Vec a, double f) { return {a.x * f, a.y * f, a.z * f}; }
double Dot(Vec a, Vec b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
Vec Cross(Vec a, Vec b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
Vec Unit(Vec a) {
  const double length = std::sqrt(Dot(a, a));
  return length > 0 ? a * (1 / length) : a;
}

// Into the camera's axes.
Vec Seen(Vec p, const View& view) {
  const double cy = CosDegrees(view.yaw);
  const double sy = SinDegrees(view.yaw);
  const double cp = CosDegrees(view.pitch);
  const double sp = SinDegrees(view.pitch);
  const Vec turned{p.x * cy + p.z * sy, p.y, p.z * cy - p.x * sy};
  return {turned.x, turned.y * cp - turned.z * sp,
          turned.y * sp + turned.z * cp};
}

Vec Center(const std::vector<Vec>& points) {
  Vec sum;
  for (const Vec& p : points) sum = sum + p;
  return sum * (1.0 / static_cast<double>(points.size()));
}

// Corners of a disc, anticlockwise as seen from where `normal` points to.
std::vector<Vec> Circle(Vec center, Vec normal, double radius) {
  const Vec n = Unit(normal);
  const Vec helper = n.x * n.x < 0.5 ? Vec{1, 0, 0} : Vec{0, 1, 0};
  const Vec u = Unit(Cross(helper, n));
  const Vec v = Cross(n, u);
  std::vector<Vec> corners;
  for (int i = 0; i < kSides; ++i) {
    const double angle = i * 360.0 / kSides;
    corners.push_back(center + u * (radius * CosDegrees(angle)) +
                      v * (radius * SinDegrees(angle)));
  }
  return corners;
}

Outline Widened(const Outline& outline, double by) {
  if (by <= 0) return outline;
  Outline points;
  for (const Point& p : outline) {
    for (int i = 0; i < 8; ++i)
      points.push_back({p.x + by * CosDegrees(i * 45 + 22.5),
                        p.y + by * SinDegrees(i * 45 + 22.5)});
  }
  return Hull(std::move(points));
}

}  // namespace

Point Model::Project(Vec point, const View& view) {
  const Vec seen = Seen(point, view);
  return {view.at.x + seen.x * view.scale * view.stretch_x,
          view.at.y - seen.y * view.scale * view.stretch_y};
}

void Model::SetHinge(Vec pivot, Vec axis, double degrees) {
  hinged_ = true;
  pivot_ = pivot;
  const Vec a = Unit(axis);
  const double c = CosDegrees(degrees);
  const double s = SinDegrees(degrees);
  // Rodrigues' rotation, a row at a time.
  hinge_[0] = {c + a.x * a.x * (1 - c), a.x * a.y * (1 - c) - a.z * s,
               a.x * a.z * (1 - c) + a.y * s};
  hinge_[1] = {a.y * a.x * (1 - c) + a.z * s, c + a.y * a.y * (1 - c),
               a.y * a.z * (1 - c) - a.x * s};
  hinge_[2] = {a.z * a.x * (1 - c) - a.y * s, a.z * a.y * (1 - c) + a.x * s,
               c + a.z * a.z * (1 - c)};
}

Vec Model::Hinged(Vec point) const {
  if (!hinged_) return point;
  const Vec d = point - pivot_;
  return pivot_ + Vec{Dot(hinge_[0], d), Dot(hinge_[1], d), Dot(hinge_[2], d)};
}

void Model::Add(Part part) {
  part.attached = attached_;
  if (attached_) {
    part.normal = part.center - anchor_center_;
    part.anchor = anchor_;
  } else {
    part.anchor = standing_ ? anchor_ : part.center;
    standing_ = false;
    anchor_ = part.anchor;
    anchor_center_ = part.center;
  }
  parts_.push_back(std::move(part));
}

void Model::Ball(Color color, Vec center, Vec r, double tilt, double roll) {
  Part part;
  part.color = color;
  part.center = Hinged(center);
  const double ct = CosDegrees(tilt);
  const double st = SinDegrees(tilt);
  const double cr = CosDegrees(roll);
  const double sr = SinDegrees(roll);
  for (const Vec& axis : {Vec{r.x, 0, 0}, Vec{0, r.y, 0}, Vec{0, 0, r.z}}) {
    const Vec tilted{axis.x, axis.y * ct - axis.z * st,
                     axis.y * st + axis.z * ct};
    const Vec rolled{tilted.x * cr - tilted.y * sr,
                     tilted.x * sr + tilted.y * cr, tilted.z};
    part.half_axes.push_back(Hinged(center + rolled) - part.center);
  }
  Add(std::move(part));
}

void Model::Box(Color color, Vec center, Vec half) {
  Part part;
  part.shape = Shape::kFaces;
  part.color = color;
  part.center = Hinged(center);
  const auto corner = [&](int x, int y, int z) {
    return Hinged(center + Vec{half.x * x, half.y * y, half.z * z});
  };
  for (const int s : {-1, 1}) {
    part.faces.push_back({{corner(s, -1, -s), corner(s, -1, s), corner(s, 1, s),
                           corner(s, 1, -s)},
                          true});
    part.faces.push_back({{corner(-s, s, -1), corner(s, s, -1), corner(s, s, 1),
                           corner(-s, s, 1)},
                          true});
    part.faces.push_back({{corner(-s, -1, s), corner(s, -1, s), corner(s, 1, s),
                           corner(-s, 1, s)},
                          true});
  }
  // One orientation for all: outwards.
  for (Face& face : part.faces) {
    const Vec normal = Cross(face.corners[1] - face.corners[0],
                             face.corners[2] - face.corners[0]);
    if (Dot(normal, Center(face.corners) - part.center) < 0)
      std::reverse(face.corners.begin(), face.corners.end());
  }
  Add(std::move(part));
}

void Model::Tube(Color color, Vec from, double r_from, Vec to, double r_to) {
  Part part;
  part.shape = Shape::kFaces;
  part.tube = true;
  part.color = color;
  const Vec a = Hinged(from);
  const Vec b = Hinged(to);
  part.center = (a + b) * 0.5;
  part.faces.push_back({Circle(a, a - b, r_from), true});
  part.faces.push_back({Circle(b, b - a, r_to), true});
  Add(std::move(part));
}

void Model::Plate(Color color, std::vector<Vec> corners) {
  Part part;
  part.shape = Shape::kFaces;
  part.color = color;
  for (Vec& corner : corners) corner = Hinged(corner);
  part.center = Center(corners);
  part.faces.push_back({std::move(corners), attached_});
  Add(std::move(part));
}

void Model::Disc(Color color, Vec center, Vec normal, double radius) {
  Plate(color, Circle(center, normal, radius));
}

void Model::PaintPart(Canvas& canvas,
                      const Part& part,
                      const View& view,
                      double outline) {
  const bool inking = outline > 0;
  if (part.shape == Shape::kBall) {
    if (part.attached && Seen(part.normal, view).z <= 0) return;
    // The silhouette of x = c + M u, |u| = 1, is the ellipse with covariance
    // P M M^T P^T (P: the projection), drawn through its Cholesky factor.
    double xx = 0;
    double xy = 0;
    double yy = 0;
    for (const Vec& axis : part.half_axes) {
      const Vec seen = Seen(axis, view);
      const double x = seen.x * view.scale * view.stretch_x;
      const double y = -seen.y * view.scale * view.stretch_y;
      xx += x * x;
      xy += x * y;
      yy += y * y;
    }
    const double l11 = std::sqrt(std::max(xx, 1e-9));
    const double l21 = xy / l11;
    const double l22 = std::sqrt(std::max(yy - l21 * l21, 1e-9));
    const Point c = Project(part.center, view);
    Outline ellipse;
    const int sides = l11 + l22 < 12 ? 16 : 36;
    for (int i = 0; i < sides; ++i) {
      const double angle = i * 360.0 / sides;
      const double u = CosDegrees(angle);
      const double v = SinDegrees(angle);
      Point p{l11 * u, l21 * u + l22 * v};
      if (inking) {
        const double grow = 1 + outline / std::sqrt(p.x * p.x + p.y * p.y);
        p = {p.x * grow, p.y * grow};
      }
      ellipse.push_back({c.x + p.x, c.y + p.y});
    }
    canvas.Fill(ellipse, inking ? Flat(kInk) : Lit(part.color));
    return;
  }
  Outline silhouette;
  for (const Face& face : part.faces) {
    Outline corners;
    for (const Vec& corner : face.corners)
      corners.push_back(Project(corner, view));
    silhouette.insert(silhouette.end(), corners.begin(), corners.end());
  }
  if (inking) {
    canvas.Fill(Widened(silhouette, outline), Flat(kInk));
    return;
  }
  if (part.tube) canvas.Fill(Hull(silhouette), Lit(part.color));
  for (const Face& face : part.faces) {
    Vec normal =
        Unit(Cross(Seen(face.corners[1], view) - Seen(face.corners[0], view),
                   Seen(face.corners[2], view) - Seen(face.corners[0], view)));
    if (normal.z <= 0.02) {
      if (face.one_sided) continue;
      normal = normal * -1;
    }
    Outline corners;
    for (const Vec& corner : face.corners)
      corners.push_back(Project(corner, view));
    const double light = 0.66 + 0.42 * std::max(0.0, Dot(normal, kLight));
    canvas.Fill(corners,
                Flat(part.attached ? part.color : Shaded(part.color, light)));
  }
}

data::Box Model::Paint(Canvas& canvas, const View& view) const {
  canvas.TakeTouched();
  std::vector<std::size_t> order(parts_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // Painter's order. Stable: attached parts share an anchor and follow it, and
  // rounding does not part equals.
  std::vector<std::int64_t> depth;
  for (const Part& part : parts_)
    depth.push_back(std::llround(Seen(part.anchor, view).z * 1e6));
  std::stable_sort(
      order.begin(), order.end(),
      [&depth](std::size_t a, std::size_t b) { return depth[a] < depth[b]; });
  const double outline = std::max(0.6, canvas.size() / 224.0);
  for (const std::size_t i : order) {
    if (!parts_[i].attached) PaintPart(canvas, parts_[i], view, outline);
  }
  for (const std::size_t i : order) PaintPart(canvas, parts_[i], view, 0);
  return canvas.TakeTouched();
}

}  // namespace eyechart::scenes
