#include "store/cold_part.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "base/assert.h"
#include "store/packing.h"

namespace podcron::store {
namespace {

// One byte per container: its state, and from bit kIdForm on how its id is written.
constexpr unsigned kIdForm = ContainerState::kBits;
constexpr unsigned kIdNone = 0;
constexpr unsigned kIdText = 1;
constexpr unsigned kIdPacked = 2;

constexpr std::array<std::string_view, 3> kRuntimePrefixes{"containerd://", "cri-o://",
                                                           "docker://"};
constexpr std::size_t kPackedBytes = 32;
constexpr std::size_t kHexDigits = 2 * kPackedBytes;
constexpr std::string_view kHex = "0123456789abcdef";

// Which of the optional times follow.
constexpr unsigned kHasCreation = 1U << 0;
constexpr unsigned kHasDeletion = 1U << 1;

// Comparisons instead of searches in kHex: each apply asks this of every digit.
bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

unsigned digit_value(char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); }

bool packable(std::string_view digits) {
  return digits.size() == kHexDigits && std::all_of(digits.begin(), digits.end(), is_hex_digit);
}

unsigned id_form(std::string_view id) {
  if (id.empty()) return kIdNone;
  for (unsigned i = 0; i < kRuntimePrefixes.size(); ++i) {
    const std::string_view prefix = kRuntimePrefixes[i];
    if (id.substr(0, prefix.size()) == prefix && packable(id.substr(prefix.size()))) {
      return kIdPacked + i;
    }
  }
  return kIdText;
}

void write_packed(Writer& writer, std::string_view digits) {
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    writer.byte(digit_value(digits[i]) << 4 | digit_value(digits[i + 1]));
  }
}

void read_packed(Reader& reader, std::string& out) {
  for (std::size_t i = 0; i < kPackedBytes; ++i) {
    const unsigned value = reader.byte();
    out.push_back(kHex[value >> 4]);
    out.push_back(kHex[value & 0xfU]);
  }
}

unsigned flags_of(const api::ContainerStatus& status) {
  return state_of(status).to_bits() | id_form(status.container_id) << kIdForm;
}

std::string read_id(Reader& reader, unsigned form) {
  if (form == kIdNone) return {};
  if (form == kIdText) return std::string(reader.text());
  std::string id(kRuntimePrefixes[form - kIdPacked]);
  read_packed(reader, id);
  return id;
}

const std::string* own_value(const api::StringMap& labels, std::string_view key) {
  const auto found = std::find_if(labels.begin(), labels.end(),
                                  [&](const auto& label) { return label.first == key; });
  return found == labels.end() ? nullptr : &found->second;
}

void put_u32(std::string& out, std::size_t at, std::size_t value) {
  PODCRON_ASSERT(value <= std::numeric_limits<std::uint32_t>::max());
  const auto number = static_cast<std::uint32_t>(value);
  std::memcpy(out.data() + at, &number, sizeof number);
}

void write_times(Writer& writer, const api::ObjectMeta& meta) {
  writer.byte((meta.creation_timestamp ? kHasCreation : 0) |
              (meta.deletion_timestamp ? kHasDeletion : 0));
  for (const auto& instant : {meta.creation_timestamp, meta.deletion_timestamp}) {
    if (instant) writer.signed_number(instant->time_since_epoch().count());
  }
}

void read_times(Reader& reader, api::ObjectMeta& meta) {
  const unsigned present = reader.byte();
  const auto instant = [&](unsigned bit) -> std::optional<WallTime> {
    if ((present & bit) == 0) return std::nullopt;
    return WallTime(Seconds(reader.signed_number()));
  };
  meta.creation_timestamp = instant(kHasCreation);
  meta.deletion_timestamp = instant(kHasDeletion);
}

}  // namespace

bool is_own_label(std::string_view key) {
  return std::find(kOwnLabelKeys.begin(), kOwnLabelKeys.end(), key) != kOwnLabelKeys.end();
}

OwnLabels own_labels_of(const api::StringMap& labels) {
  unsigned own = 0;
  for (unsigned i = 0; i < kOwnLabelKeys.size(); ++i) {
    if (own_value(labels, kOwnLabelKeys[i]) != nullptr) own |= 1U << i;
  }
  return static_cast<OwnLabels>(own);
}

void ColdPart::encode(const api::Pod& pod, OwnLabels own_labels, std::string& scratch) {
  scratch.assign(kHeaderBytes, '\0');
  scratch.append(pod.meta.name);
  Writer writer(scratch);
  // The states stand together and at a known place: they are what a rule reads of the cold part.
  for (const api::ContainerStatus& status : pod.statuses) writer.byte(flags_of(status));
  for (unsigned i = 0; i < kOwnLabelKeys.size(); ++i) {
    if ((own_labels >> i & 1U) != 0) writer.text(*own_value(pod.labels, kOwnLabelKeys[i]));
  }
  for (const api::ContainerStatus& status : pod.statuses) {
    const unsigned form = id_form(status.container_id);
    if (form == kIdText) writer.text(status.container_id);
    if (form >= kIdPacked) {
      const std::size_t prefix = kRuntimePrefixes[form - kIdPacked].size();
      write_packed(writer, std::string_view(status.container_id).substr(prefix));
    }
  }
  writer.signed_number(pod.meta.generation);
  write_times(writer, pod.meta);
  put_u32(scratch, kSizeAt, scratch.size());
  put_u32(scratch, kNameSizeAt, pod.meta.name.size());
}

void ColdPart::assign(std::string_view encoded) {
  if (!bytes_ || number(kSizeAt) != encoded.size()) {
    bytes_.reset(new char[encoded.size()]);
  }
  std::memcpy(bytes_.get(), encoded.data(), encoded.size());
}

std::uint32_t ColdPart::number(std::size_t at) const {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes_.get() + at, sizeof value);
  return value;
}

ContainerState ColdPart::container(std::size_t index) const {
  const char* states = bytes_.get() + kHeaderBytes + number(kNameSizeAt);
  return ContainerState::from_bits(static_cast<unsigned char>(states[index]));
}

void ColdPart::own_label_values(std::size_t status_count, OwnLabels own_labels,
                                std::array<std::string_view, kOwnLabelKeys.size()>& values) const {
  Reader reader(bytes_.get() + kHeaderBytes + number(kNameSizeAt) + status_count);
  for (unsigned i = 0; i < kOwnLabelKeys.size(); ++i) {
    values[i] = (own_labels >> i & 1U) != 0 ? reader.text() : std::string_view();
  }
}

void ColdPart::expand(OwnLabels own_labels, api::Pod& pod) const {
  pod.meta.name = name();
  const char* states = bytes_.get() + kHeaderBytes + pod.meta.name.size();
  Reader reader(states + pod.statuses.size());
  for (unsigned i = 0; i < kOwnLabelKeys.size(); ++i) {
    if ((own_labels >> i & 1U) == 0) continue;
    const auto place = std::find_if(pod.labels.begin(), pod.labels.end(), [&](const auto& label) {
      return label.first > kOwnLabelKeys[i];
    });
    pod.labels.emplace(place, kOwnLabelKeys[i], reader.text());
  }
  for (std::size_t i = 0; i < pod.statuses.size(); ++i) {
    api::ContainerStatus& status = pod.statuses[i];
    const ContainerState state = container(i);
    status.running = state.running;
    status.ready = state.ready;
    status.started = state.started;
    status.container_id = read_id(reader, static_cast<unsigned char>(states[i]) >> kIdForm);
  }
  pod.meta.generation = reader.signed_number();
  read_times(reader, pod.meta);
}

}  // namespace podcron::store
