// Goal: of a file each PodCronJob is taken as it stands, and what cannot be taken is named by its
// line. Method: texts.
#include "cli/manifest.h"

#include <gtest/gtest.h>

#include <string>

namespace podcron::cli {
namespace {

constexpr const char* kJob =
    "apiVersion: podcron.dev/v1alpha1\nkind: PodCronJob\nmetadata:\n  name: a\nspec: {}\n";

std::string error_of(const std::string& text, const std::string& namespace_ = "default",
                     bool given = false) {
  const auto read = read_manifests("jobs.yaml", text, namespace_, given);
  return read ? "" : read.error().message;
}

TEST(Manifests, EachDocumentIsTakenAsItStandsAndOtherKindsAreSkipped) {
  const std::string other = std::string("# mine\n") + kJob;
  const auto read =
      read_manifests("jobs.yaml", std::string("kind: Deployment\n---\n") + kJob + "---\n" + other,
                     "default", false);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(read->front().name, "a");
  EXPECT_EQ(read->front().namespace_, "default");
  EXPECT_EQ(read->front().text, std::string("---\n") + kJob);
  EXPECT_EQ(read->back().text, "---\n" + other);
}

TEST(Manifests, JsonIsYaml) {
  const auto read = read_manifests("-", R"({"apiVersion":"podcron.dev/v1alpha1","kind":"PodCronJob",
              "metadata":{"name":"a","namespace":"shop"}})",
                                   "default", false);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->front().namespace_, "shop");
}

TEST(Manifests, WhatCannotBeTakenIsNamedByItsLine) {
  EXPECT_EQ(error_of("kind: Pod\n"),
            "jobs.yaml: no PodCronJob of podcron.dev/v1alpha1 in this file");
  EXPECT_EQ(error_of("kind: Pod\n---\nkind: List\nitems: []\n"),
            "jobs.yaml:2: a List; wanted each PodCronJob in a document of its own");
  EXPECT_EQ(error_of("apiVersion: podcron.dev/v1alpha1\nkind: PodCronJob\n"),
            "jobs.yaml:1: metadata.name: missing");
  EXPECT_EQ(error_of("apiVersion: podcron.dev/v1alpha1\nkind: PodCronJob\nmetadata: [x]\n"),
            "jobs.yaml:1: metadata.name: missing");
  EXPECT_NE(error_of("a: [\n").find("not YAML"), std::string::npos);
}

std::string versioned(const std::string& metadata) {
  const std::string head = "apiVersion: podcron.dev/v1alpha1\nkind: PodCronJob\n";
  const auto read = read_manifests("-", head + metadata, "default", false);
  if (!read) return read.error().message;
  const auto text = with_version(read->front(), "7");
  return text ? text->substr(head.size()) : text.error().message;
}

TEST(Manifests, AVersionIsPutBehindTheNameWhateverTheStyle) {
  EXPECT_EQ(versioned("metadata:\n  name: a # mine\n  labels: {x: y}\n"),
            "metadata:\n  name: a\n  resourceVersion: \"7\" # mine\n  labels: {x: y}\n");
  EXPECT_EQ(versioned("metadata:\n    labels: {x: é}\n    name: 'a'\n"),
            "metadata:\n    labels: {x: é}\n    name: 'a'\n    resourceVersion: \"7\"\n");
  EXPECT_EQ(versioned("metadata: {name: \"a\", namespace: b}\n"),
            "metadata: {name: \"a\", resourceVersion: \"7\", namespace: b}\n");
  EXPECT_EQ(versioned("metadata: {name: a, resourceVersion: '5'}\n"),
            "metadata: {name: a, resourceVersion: '5'}\n");
  EXPECT_NE(versioned("x: &n a\nmetadata:\n  name: *n\n").find("wanted the plain name"),
            std::string::npos);
}

TEST(Manifests, TheFlagMayNotContradictTheFile) {
  const std::string text =
      "apiVersion: podcron.dev/v1alpha1\nkind: PodCronJob\nmetadata: {name: a, namespace: shop}\n";
  EXPECT_EQ(error_of(text, "cart", true),
            "jobs.yaml:1: metadata.namespace is \"shop\", but -n says \"cart\"");
  EXPECT_EQ(error_of(text, "cart", false), "") << "a context's namespace is only a default";
  EXPECT_EQ(error_of(text, "shop", true), "");
}

}  // namespace
}  // namespace podcron::cli
