// Simple solids in space, seen in parallel projection: what the objects of the
// pictures are put together from, so that each can be seen from any side.
#pragma once

#include <vector>

#include "data/scenes/canvas.h"

namespace eyechart::scenes {

/// x to the viewer's right, y up, z towards the viewer.
struct Vec {
  double x = 0;
  double y = 0;
  double z = 0;
};

/// From where a model is seen and where it lands in the picture.
struct View {
  Point at;          // pixel of the model's origin
  double scale = 1;  // pixels a unit
  double yaw = 0;    // degrees; the model's front (+z) turns to the viewer's
                     // right by it
  double pitch = 0;  // degrees by which the camera looks down
  double stretch_x = 1;  // further scales of the picture's axes
  double stretch_y = 1;
};

/// An object as a list of parts. Origin on the ground under its middle, front
/// towards +z, about one unit high.
class Model {
 public:
  /// Later parts are turned about an axis through `pivot`: hinges.
  void SetHinge(Vec pivot, Vec axis, double degrees);
  void ClearHinge() { hinged_ = false; }
  /// Later parts lie on the part added before: they are drawn right after it
  /// and vanish where its surface turns away. Ends with `Attach(false)`.
  void Attach(bool on) { attached_ = on; }
  /// The next part stands on the one added before and is drawn after it,
  /// however deep its own middle lies.
  void StandOnLast() { standing_ = true; }

  /// An ellipsoid with half axes `r`, tilted about x (nose down is positive)
  /// and then about z.
  void Ball(Color color, Vec center, Vec r, double tilt = 0, double roll = 0);
  void Box(Color color, Vec center, Vec half);
  /// A round bar or cone between two discs.
  void Tube(Color color, Vec from, double r_from, Vec to, double r_to);
  /// A flat convex piece. An attached one shows on its front side alone, given
  /// by corners that run anticlockwise as seen from there.
  void Plate(Color color, std::vector<Vec> corners);
  /// A disc on a surface with that outward normal.
  void Disc(Color color, Vec center, Vec normal, double radius);

  /// Draws it, with an outline around the whole in a darker shade. Returns the
  /// box that was painted.
  data::Box Paint(Canvas& canvas, const View& view) const;

  /// Where a point of the model falls.
  static Point Project(Vec point, const View& view);

 private:
  enum class Shape { kBall, kFaces };
  struct Face {
    std::vector<Vec> corners;
    bool one_sided = false;
    bool smooth = false;  // a curved side: shaded as one
  };
  struct Part {
    Shape shape = Shape::kBall;
    Color color;
    Vec center;
    Vec anchor;  // its depth decides the order
    bool attached = false;
    Vec normal;                  // of attached balls
    std::vector<Vec> half_axes;  // of balls
    std::vector<Face> faces;
    Vec tube_from, tube_to;  // of tubes: their hull is the silhouette
    bool tube = false;
  };
  Vec Hinged(Vec point) const;
  void Add(Part part);
  static void PaintPart(Canvas& canvas,
                        const Part& part,
                        const View& view,
                        double outline);

  std::vector<Part> parts_;
  Vec anchor_;
  Vec anchor_center_;
  bool attached_ = false;
  bool standing_ = false;
  bool hinged_ = false;
  Vec pivot_;
  Vec hinge_[3];  // rows of the rotation
};

}  // namespace eyechart::scenes
