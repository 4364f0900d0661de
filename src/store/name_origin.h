// Whether a controller can have made a pod's name: a fact of the pod alone, so that it is found out
// once, when the pod is stored, and not at each judgement.
//
// Source: k8s.io/apiserver pkg/storage/names/generate.go; k8s.io/apimachinery pkg/util/rand; the
// StatefulSet controller's getPodName. Facts: docs/eligibility.md.
#pragma once

#include <string_view>

namespace podcron::store {

/// `name` is `generate_name`, cut to 58 characters, and exactly five of the generator's.
bool is_generated_from(std::string_view name, std::string_view generate_name);

/// `name` is `generate_name` and an ordinal without leading zeros.
bool is_numbered_from(std::string_view name, std::string_view generate_name);

}  // namespace podcron::store
