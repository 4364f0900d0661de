// What development tools leave on pods in which they are at work: the table behind rule 10.
//
// It is belt and braces. Most of these pods also fail an identity rule (another owner, another
// image), but DevSpace and Okteto keep every label of the app, and a Telepresence intercept or a
// debugger is in the app's own pod.
// Source: the tools' own sources; facts: docs/eligibility.md.
#pragma once

#include <string_view>

namespace podcron::api {

/// Whether a label or an annotation with this key and value says that a tool is at work.
bool marks_dev_tool(std::string_view key, std::string_view value);

}  // namespace podcron::api
