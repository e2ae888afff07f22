// COCO ground truth from a JSON file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "probes/detection/evaluation/boxes.h"

namespace eyechart::detection {

/// Reads `images`, `categories` and `annotations`. Of an annotation `id`,
/// `image_id`, `category_id`, `bbox`, `area` and `iscrowd` are read, and each
/// must be there, as for pycocotools; of an image `id` and, where they are
/// there, `width` and `height`. Image ids may be texts. Warnings tell, with how
/// many there are and the first, of annotations whose image or category the
/// file lacks, of ids given twice, of boxes without extent or outside their
/// picture, of areas below 0, of "ignore", which has no effect, and of a file
/// without an annotation that counts. A UTF-8 byte order mark is skipped.
/// Throws InputError naming file, list and index; of a file that is cut or has
/// more behind its end, the byte.
Truth ReadTruth(const std::filesystem::path& path,
                std::vector<std::string>& warnings);
Truth ParseTruth(std::string_view json,
                 const std::string& source,
                 std::vector<std::string>& warnings);

}  // namespace eyechart::detection
