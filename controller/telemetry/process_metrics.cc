#include "controller/telemetry/process_metrics.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "controller/loop/real_clock.h"

namespace podcron::telemetry {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily single(const char* name, const char* help, MetricType type, double value) {
  MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  family.metric.resize(1);
  if (type == MetricType::Counter) {
    family.metric[0].counter.value = value;
  } else {
    family.metric[0].gauge.value = value;
  }
  return family;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_bytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  long total = 0;
  long resident = 0;
  const int read = std::fscanf(file, "%ld %ld", &total, &resident);
  std::fclose(file);
  return read == 2 ? static_cast<double>(resident) * static_cast<double>(::getpagesize()) : 0;
}

double open_files() {
  std::error_code error;
  double count = 0;
  std::filesystem::directory_iterator at("/proc/self/fd", error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) ++count;
  return count > 0 ? count - 1 : 0;  // one of them is this directory
}

}  // namespace

ProcessMetrics::ProcessMetrics()
    : started_at_seconds_(static_cast<double>(loop::real_now().wall.time_since_epoch().count()) /
                          1e3) {}

std::vector<MetricFamily> ProcessMetrics::Collect() const {
  return {single("process_cpu_seconds_total", "User and system CPU time.", MetricType::Counter,
                 cpu_seconds()),
          single("process_resident_memory_bytes", "Resident memory.", MetricType::Gauge,
                 resident_bytes()),
          single("process_open_fds", "Open file descriptors.", MetricType::Gauge, open_files()),
          single("process_start_time_seconds", "Start, in seconds since the epoch.",
                 MetricType::Gauge, started_at_seconds_)};
}

}  // namespace podcron::telemetry
