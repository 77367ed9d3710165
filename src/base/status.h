#pragma once
/// Errors are values: every fallible function of pregao returns Status or Result<T>.
///
/// Codes that mean something to callers (everything else is a system's fault, to be retried or reported):
///   KeyError       the thing asked for does not exist
///   Invalid        what was given is wrong: settings, a damaged file, a bad argument; retrying is pointless
///   NotImplemented written by something newer than this program (table protocol, schema version)
///   IOError        a device, a network or another process failed; a retry may help
///   Cancelled      the caller asked to stop
#include <arrow/result.h>
#include <arrow/status.h>

namespace pregao {

using arrow::Result;
using arrow::Status;

}  // namespace pregao

#define PREGAO_CONCAT_(a, b) a##b
#define PREGAO_CONCAT(a, b) PREGAO_CONCAT_(a, b)
/// `TRY(expr);` returns from the enclosing function when the Status is not OK.
#define TRY(expr) ARROW_RETURN_NOT_OK(expr)
/// `TRY_ASSIGN(auto x, expr);` unwraps a Result or returns its Status.
#define TRY_ASSIGN(lhs, expr) ARROW_ASSIGN_OR_RAISE(lhs, expr)
