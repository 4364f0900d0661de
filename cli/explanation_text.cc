// An Explanation as JSON and as tables.
#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "api/json_writer.h"
#include "cli/explanation.h"
#include "cli/local_time.h"
#include "cli/table.h"

namespace podcron::cli {
namespace {

using eligibility::Reason;

/// More names make a line that nobody reads; JSON has them all.
constexpr std::size_t kNamesShownMax = 6;

void write_strings(api::JsonWriter& json, std::string_view key,
                   const std::vector<std::string>& values) {
  json.key(key);
  json.begin_array();
  for (const std::string& value : values) json.string(value);
  json.end_array();
}

void write_pod(api::JsonWriter& json, const PodVerdict& pod) {
  json.begin_object();
  json.key("name");
  json.string(pod.name);
  json.boolean("eligible", pod.failing.empty());
  if (!pod.failing.empty()) {
    json.key("reason");
    json.string(to_string(pod.failing.front()));
  }
  json.key("reasons");
  json.begin_array();
  for (const Reason reason : pod.failing) json.string(to_string(reason));
  json.end_array();
  json.end_object();
}

void write_choice(api::JsonWriter& json, const Choice& choice) {
  json.begin_object();
  json.key("scheduledTime");
  json.string(to_rfc3339(choice.scheduled_time));
  write_strings(json, "pods", choice.pods);
  if (!choice.instead.empty()) {
    json.key("instead");
    json.string(choice.instead);
  }
  json.end_object();
}

std::string pod_table(const Explanation& explanation, bool verbose, bool colours) {
  Table table({"POD", "VERDICT", verbose ? "ALSO" : "MEANING"});
  for (const PodVerdict& pod : explanation.pods) {
    if (pod.failing.empty()) {
      table.add({{pod.name}, {"eligible", Colour::kGreen}});
      continue;
    }
    std::vector<std::string_view> more;
    for (std::size_t i = 1; i < pod.failing.size(); ++i) more.push_back(to_string(pod.failing[i]));
    table.add({{pod.name},
               {std::string(to_string(pod.failing.front())), Colour::kRed},
               {verbose ? fmt::format("{}", fmt::join(more, ", "))
                        : std::string(meaning_of(pod.failing.front())),
                Colour::kDim}});
  }
  return table.empty() ? "" : table.render(colours) + "\n";
}

std::string names_text(const Choice& choice) {
  const std::size_t shown = std::min(choice.pods.size(), kNamesShownMax);
  const auto end = choice.pods.begin() + static_cast<std::ptrdiff_t>(shown);
  std::string text = fmt::format("{}", fmt::join(choice.pods.begin(), end, ", "));
  if (shown < choice.pods.size()) text += fmt::format(" and {} more", choice.pods.size() - shown);
  return text;
}

std::string choice_table(const Explanation& explanation, const TimeZone& zone, bool colours) {
  Table table({"NEXT", "UTC", "PODS, IF NOTHING CHANGES"});
  for (const Choice& choice : explanation.choices) {
    table.add(
        {{local_text(zone, choice.scheduled_time)},
         {to_rfc3339(choice.scheduled_time)},
         choice.pods.empty() ? Cell{choice.instead, Colour::kYellow} : Cell{names_text(choice)}});
  }
  return table.empty() ? "" : "\n" + table.render(colours);
}

}  // namespace

std::string to_json(const Explanation& explanation) {
  constexpr std::size_t kBytesPerPod = 100;
  api::JsonWriter json(512 + explanation.pods.size() * kBytesPerPod);
  json.begin_object();
  json.key("podCronJob");
  json.string(explanation.name);
  json.key("pods");
  json.begin_array();
  for (const PodVerdict& pod : explanation.pods) write_pod(json, pod);
  json.end_array();
  json.key("matched");
  json.number(explanation.matched);
  json.key("eligible");
  json.number(explanation.eligible);
  json.key("summary");
  json.string(explanation.summary);
  json.key("choices");
  json.begin_array();
  for (const Choice& choice : explanation.choices) write_choice(json, choice);
  json.end_array();
  write_strings(json, "notes", explanation.notes);
  json.end_object();
  return json.take() + "\n";
}

std::string to_text(const Explanation& explanation, const TimeZone& zone, bool verbose,
                    bool colours) {
  std::string out = pod_table(explanation, verbose, colours);
  out += paint(explanation.eligible > 0 ? Colour::kBold : Colour::kYellow, explanation.summary,
               colours);
  out += '\n';
  out += choice_table(explanation, zone, colours);
  for (const std::string& note : explanation.notes) {
    out += paint(Colour::kYellow, "note: " + note, colours) + "\n";
  }
  return out;
}

}  // namespace podcron::cli
