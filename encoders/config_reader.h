// Numbers out of config.json, checked before anything is sized by them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "encoders/linear.h"

namespace eyechart::encoders {

/// One object of a config.json, read key by key with the reference's defaults.
class ConfigReader {
 public:
  /// `source` names file and object in errors. `object` must outlive this.
  ConfigReader(const Json& object, std::string source);

  /// An integer in [1, 2^24]. Throws InputError for others.
  std::int64_t Size(std::string_view key, std::int64_t fallback) const;
  /// The same, where a list of two equal sizes stands for one.
  std::int64_t Side(std::string_view key, std::int64_t fallback) const;
  /// A list of integers, each in [least, 2^24]. Throws InputError for others.
  std::vector<std::int64_t> Sizes(std::string_view key,
                                  const std::vector<std::int64_t>& fallback,
                                  std::int64_t least = 1) const;
  bool Flag(std::string_view key, bool fallback) const;
  /// A list of true and false. Throws InputError for others.
  std::vector<bool> Flags(std::string_view key,
                          const std::vector<bool>& fallback) const;
  double Number(std::string_view key, double fallback) const;
  /// A norm's: a number in [0, 1]. Throws InputError for others, of which a
  /// norm makes zeros or no numbers.
  double Epsilon(std::string_view key, double fallback) const;
  Activation GetActivation(std::string_view key,
                           std::string_view fallback) const;
  /// Throws InputError unless `heads` divides `width`.
  void RequireHeads(std::int64_t width, std::int64_t heads) const;

  const std::string& source() const { return source_; }
  const Json& object() const { return object_; }

 private:
  std::int64_t InRange(std::string_view key, std::int64_t value) const;

  const Json& object_;
  std::string source_;
};

}  // namespace eyechart::encoders
