#include "encoders/pickle_scan.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string_view>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

struct Global {
  std::string_view module;
  std::string_view name;
};

constexpr std::array kAllowed = {
    Global{"collections", "OrderedDict"},
    Global{"torch._utils", "_rebuild_tensor_v2"},
    Global{"torch._utils", "_rebuild_parameter"},
    Global{"torch", "DoubleStorage"},
    Global{"torch", "FloatStorage"},
    Global{"torch", "HalfStorage"},
    Global{"torch", "BFloat16Storage"},
    Global{"torch", "LongStorage"},
    Global{"torch", "IntStorage"},
    Global{"torch", "ShortStorage"},
    Global{"torch", "CharStorage"},
    Global{"torch", "ByteStorage"},
    Global{"torch", "BoolStorage"},
};

// What follows an opcode.
enum class Argument {
  kNone,
  kOne,
  kTwo,
  kFour,
  kEight,
  kText1,
  kText4,
  kLong1
};

struct Opcode {
  char code;
  Argument argument;
};

// Those of plain containers, numbers and texts; GLOBAL and PROTO are apart.
constexpr std::array kOpcodes = {
    Opcode{'(', Argument::kNone},      // MARK
    Opcode{'0', Argument::kNone},      // POP
    Opcode{'N', Argument::kNone},      // NONE
    Opcode{'J', Argument::kFour},      // BININT
    Opcode{'K', Argument::kOne},       // BININT1
    Opcode{'M', Argument::kTwo},       // BININT2
    Opcode{'G', Argument::kEight},     // BINFLOAT
    Opcode{'X', Argument::kText4},     // BINUNICODE
    Opcode{'U', Argument::kText1},     // SHORT_BINSTRING
    Opcode{'T', Argument::kText4},     // BINSTRING
    Opcode{'\x8a', Argument::kLong1},  // LONG1
    Opcode{'\x88', Argument::kNone},   // NEWTRUE
    Opcode{'\x89', Argument::kNone},   // NEWFALSE
    Opcode{')', Argument::kNone},      // EMPTY_TUPLE
    Opcode{'t', Argument::kNone},      // TUPLE
    Opcode{'\x85', Argument::kNone},   // TUPLE1
    Opcode{'\x86', Argument::kNone},   // TUPLE2
    Opcode{'\x87', Argument::kNone},   // TUPLE3
    Opcode{']', Argument::kNone},      // EMPTY_LIST
    Opcode{'a', Argument::kNone},      // APPEND
    Opcode{'e', Argument::kNone},      // APPENDS
    Opcode{'}', Argument::kNone},      // EMPTY_DICT
    Opcode{'s', Argument::kNone},      // SETITEM
    Opcode{'u', Argument::kNone},      // SETITEMS
    Opcode{'q', Argument::kOne},       // BINPUT
    Opcode{'r', Argument::kFour},      // LONG_BINPUT
    Opcode{'h', Argument::kOne},       // BINGET
    Opcode{'j', Argument::kFour},      // LONG_BINGET
    Opcode{'R', Argument::kNone},      // REDUCE
    Opcode{'Q', Argument::kNone},      // BINPERSID
    Opcode{'b', Argument::kNone},      // BUILD
};

class Scanner {
 public:
  Scanner(std::span<const std::byte> pickle, const std::string& source)
      : text_(reinterpret_cast<const char*>(pickle.data()), pickle.size()),
        source_(source) {}

  std::string Run() {
    for (;;) {
      const std::size_t place = at_;
      const char code = Take(1).front();
      bool ordered = false;  // the OrderedDict type was pushed
      if (code == '\x80') {  // PROTO
        const int protocol = Take(1).front();
        EYECHART_REQUIRE(protocol == 2,
                         "{}: pickle protocol {}; it should be 2", source_,
                         protocol);
      } else if (code == 'c') {  // GLOBAL
        const std::string_view module = Line();
        const std::string_view name = Line();
        RequireAllowed({module, name});
        ordered = name == kAllowed.front().name;
      } else if (code == 'r') {  // LONG_BINPUT
        RequireMemo(LittleEndian(4));
      } else if (code == 'h' || code == 'j') {  // BINGET, LONG_BINGET
        ordered = ordered_.contains(LittleEndian(code == 'h' ? 1 : 4));
      } else if (code != '.') {
        Skip(Find(code, place).argument);
      }
      if (ordered && SkipEmptyCall()) {
        plain_ += '}';
        continue;
      }
      plain_ += text_.substr(place, at_ - place);
      if (code == 'b') plain_.back() = '\x86';
      if (code == '.') return plain_;
    }
  }

 private:
  const Opcode& Find(char code, std::size_t place) const {
    const auto it =
        std::find_if(kOpcodes.begin(), kOpcodes.end(),
                     [code](const Opcode& o) { return o.code == code; });
    EYECHART_REQUIRE(it != kOpcodes.end(),
                     "{}: pickle opcode {:#04x} at byte {}, which a dictionary "
                     "of tensors does not need; only weights are read, nothing "
                     "is run",
                     source_, static_cast<unsigned char>(code), place);
    return *it;
  }

  // After the OrderedDict type: a memo of it, where there is one, is
  // remembered; then, if it is called with nothing, that is passed over.
  bool SkipEmptyCall() {
    const std::size_t place = at_;
    const char put = at_ < text_.size() ? text_[at_] : '.';
    if (put == 'q' || put == 'r') {
      Take(1);
      const std::size_t index = LittleEndian(put == 'q' ? 1 : 4);
      RequireMemo(index);
      ordered_.insert(index);
    }
    if (text_.substr(at_, 2) == ")R") {
      at_ += 2;
      return true;
    }
    at_ = place;
    return false;
  }

  std::string_view Take(std::size_t count) {
    EYECHART_REQUIRE(count <= text_.size() - at_,
                     "{}: the pickle ends in the middle; the file is cut short "
                     "or damaged",
                     source_);
    at_ += count;
    return text_.substr(at_ - count, count);
  }

  std::string_view Line() {
    const std::size_t end = text_.find('\n', at_);
    const std::string_view line =
        Take(end == std::string_view::npos ? end : end + 1 - at_);
    return line.substr(0, line.size() - 1);
  }

  std::size_t LittleEndian(std::size_t bytes) {
    std::size_t value = 0;
    const std::string_view text = Take(bytes);
    for (std::size_t i = 0; i < bytes; ++i)
      value |= std::size_t{static_cast<unsigned char>(text[i])} << (8 * i);
    return value;
  }

  void Skip(Argument argument) {
    switch (argument) {
      case Argument::kNone:
        return;
      case Argument::kOne:
        Take(1);
        return;
      case Argument::kTwo:
        Take(2);
        return;
      case Argument::kFour:
        Take(4);
        return;
      case Argument::kEight:
        Take(8);
        return;
      case Argument::kText1:
      case Argument::kLong1:
        Take(LittleEndian(1));
        return;
      case Argument::kText4:
        Take(LittleEndian(4));
        return;
    }
  }

  // LibTorch's reader grows its memo to the index that is named.
  void RequireMemo(std::size_t index) const {
    EYECHART_REQUIRE(index <= text_.size(),
                     "{}: the pickle names memo {} and has {} bytes; the file "
                     "is damaged",
                     source_, index, text_.size());
  }

  void RequireAllowed(const Global& global) const {
    const bool allowed = std::any_of(
        kAllowed.begin(), kAllowed.end(), [&global](const Global& known) {
          return known.module == global.module && known.name == global.name;
        });
    EYECHART_REQUIRE(
        allowed,
        "{}: the pickle asks for {}.{}, which a dictionary of tensors does not "
        "need; nothing of it was run. Save the model's state_dict() alone",
        source_, global.module, global.name);
  }

  std::string_view text_;
  const std::string& source_;
  std::size_t at_ = 0;
  std::set<std::size_t> ordered_;  // memos of the OrderedDict type
  std::string plain_;
};

}  // namespace

std::string PlainPickle(std::span<const std::byte> pickle,
                        const std::string& source) {
  return Scanner(pickle, source).Run();
}

}  // namespace eyechart::encoders
