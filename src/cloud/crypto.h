#pragma once
/// The little cryptography that Google's interfaces ask for, by OpenSSL.
#include <string>
#include <string_view>

#include "base/status.h"

namespace pregao::cloud {

/// base64 of the MD5 digest, as `md5Hash` of an object has it.
[[nodiscard]] std::string Md5Base64(std::string_view bytes);

/// What a signed JSON Web Token is made of.
struct JwtClaims {
  std::string key_id, issuer, scope, audience;
  std::int64_t issued_s = 0, expires_s = 0;  ///< seconds since the epoch
};
/// The token `header.claims.signature`, RS256. Invalid when `private_key_pem` is no RSA key; the key is in no message.
[[nodiscard]] Result<std::string> SignJwt(const JwtClaims& claims, const std::string& private_key_pem);

}  // namespace pregao::cloud
