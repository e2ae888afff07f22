#include "core/hash.h"

#include <openssl/evp.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "core/error.h"

namespace eyechart {

struct Sha256::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Impl() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
  EYECHART_CHECK(impl_->context != nullptr &&
                     EVP_DigestInit_ex(impl_->context, EVP_sha256(), nullptr),
                 "OpenSSL has no SHA-256");
}

Sha256::~Sha256() = default;

void Sha256::Update(const void* data, std::size_t size) {
  EYECHART_CHECK(EVP_DigestUpdate(impl_->context, data, size), "SHA-256");
}

std::string Sha256::HexDigest() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EYECHART_CHECK(EVP_DigestFinal_ex(impl_->context, digest, &size), "SHA-256");
  std::string hex;
  hex.reserve(2 * size);
  for (unsigned int i = 0; i < size; ++i)
    hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string Sha256Hex(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.HexDigest();
}

std::string Sha256File(const std::filesystem::path& path) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "rb"), &std::fclose);
  EYECHART_REQUIRE(file != nullptr, "{}: cannot be opened: {}", path.string(),
                   std::strerror(errno));
  Sha256 hash;
  std::vector<char> buffer(1 << 20);
  while (true) {
    const std::size_t read =
        std::fread(buffer.data(), 1, buffer.size(), file.get());
    hash.Update(buffer.data(), read);
    if (read < buffer.size()) break;
  }
  EYECHART_REQUIRE(!std::ferror(file.get()), "{}: reading failed: {}",
                   path.string(), std::strerror(errno));
  return hash.HexDigest();
}

}  // namespace eyechart
