// The one table of what the contract has and this build has not.
//
// Whoever implements a field deletes its row. A field that is set to a value of the table makes its
// object Ready=False, NotImplemented with the text that this function returns.
#pragma once

#include <string>

#include "api/json_node.h"

namespace podcron::api {

/// `template_spec` is PodJob.spec or podJobTemplate.spec. The first field of the table whose value
/// this build cannot honour: "http", "target.revision: Latest"; empty when there is none.
std::string not_implemented_in_template(const Node& template_spec);

}  // namespace podcron::api
