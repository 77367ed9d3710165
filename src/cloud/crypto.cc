#include "cloud/crypto.h"

#include <array>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <vector>

#include "base/json_writer.h"

namespace pregao::cloud {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

std::string Base64(const unsigned char* bytes, std::size_t size) {
  std::string out(4 * ((size + 2) / 3) + 1, '\0');  // EVP_EncodeBlock writes a NUL behind
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(size));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

std::string Base64Url(std::string_view bytes) {
  std::string out = Base64(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  while (out.ends_with('=')) out.pop_back();
  for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}

// Never asks at the terminal for the passphrase of an encrypted key.
int NoPassphrase(char*, int, int, void*) { return -1; }

}  // namespace

std::string Md5Base64(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_md5(), nullptr) != 1) return "";
  return Base64(digest.data(), size);
}

Result<std::string> SignJwt(const JwtClaims& claims, const std::string& private_key_pem) {
  const Owned<BIO> pem(BIO_new_mem_buf(private_key_pem.data(), static_cast<int>(private_key_pem.size())));
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(pem.get(), nullptr, &NoPassphrase, nullptr));
  ERR_clear_error();
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return Status::Invalid("private_key is no RSA key in PEM form");
  }
  JsonWriter header;
  header.BeginObject();
  for (const auto& [name, value] : {std::pair("alg", std::string("RS256")), std::pair("typ", std::string("JWT")),
                                    std::pair("kid", claims.key_id)}) {
    if (value.empty()) continue;
    header.Key(name);
    header.String(value);
  }
  header.EndObject();
  JsonWriter body;
  body.BeginObject();
  for (const auto& [name, value] :
       {std::pair("iss", &claims.issuer), std::pair("scope", &claims.scope), std::pair("aud", &claims.audience)}) {
    body.Key(name);
    body.String(*value);
  }
  body.Key("iat");
  body.Int(claims.issued_s);
  body.Key("exp");
  body.Int(claims.expires_s);
  body.EndObject();

  const std::string signed_part = Base64Url(header.str()) + "." + Base64Url(body.str());
  const auto* const text = reinterpret_cast<const unsigned char*>(signed_part.data());
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key.get()));
  std::vector<unsigned char> signature(size);
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, text, signed_part.size()) != 1) {
    ERR_clear_error();
    return Status::Invalid("private_key cannot sign");
  }
  return signed_part + "." + Base64Url(std::string_view(reinterpret_cast<const char*>(signature.data()), size));
}

}  // namespace pregao::cloud
