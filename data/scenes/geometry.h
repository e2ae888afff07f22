// Points and closed outlines in the plane. Sines are our own: the C library's
// differ in the last bit between versions.
#pragma once

#include <span>
#include <vector>

#include "data/image.h"

namespace eyechart::scenes {

/// In pixels, or in an object's own units: x to the right, y down.
struct Point {
  double x = 0;
  double y = 0;
};

using Outline = std::vector<Point>;

/// Within 1e-15; exact at multiples of 90 degrees.
double SinDegrees(double degrees);
double CosDegrees(double degrees);

/// The point of a circle at `degrees` clockwise from 12 o'clock.
Point OnCircle(Point center, double radius, double degrees);

/// `point` turned clockwise on the screen about `center`.
Point Turn(Point point, Point center, double degrees);

Outline Rectangle(double left, double top, double right, double bottom);
/// Corners are quarter circles of `radius`.
Outline RoundRectangle(
    double left, double top, double right, double bottom, double radius);
/// `turn` in degrees clockwise.
Outline Ellipse(Point center, double rx, double ry, double turn = 0);
/// Part of a ring between two angles in degrees clockwise from 12 o'clock.
Outline RingSector(
    Point center, double inner, double outer, double from, double to);
/// A closed curve through the points (Catmull-Rom).
Outline Smooth(std::span<const Point> points);
/// A line of the given width with round ends, narrowing to `end_width`.
Outline Stroke(Point from, Point to, double width, double end_width);
inline Outline Stroke(Point from, Point to, double width) {
  return Stroke(from, to, width, width);
}
/// A star with `tips` tips, the first one up.
Outline Star(Point center, double radius, int tips, double inner_share);
/// A heart as wide as 2 * `radius`.
Outline Heart(Point center, double radius);

/// Every point scaled by (sx, sy) and then moved.
Outline Placed(Outline outline, Point to, double sx, double sy);

/// The convex hull, for the projections of solids.
Outline Hull(Outline points);

/// Smallest box around the points; around both boxes, empty ones aside.
data::Box BoundsOf(std::span<const Point> points);
data::Box Union(const data::Box& a, const data::Box& b);
/// Whether the boxes share some area.
bool Overlap(const data::Box& a, const data::Box& b);

}  // namespace eyechart::scenes
