#include "measurement.h"

#include <algorithm>

namespace mqrpc::bench {

Summary Summarize(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  double range = values.back() - values.front();
  return {.median = median, .greatest = values.back(), .spread = median > 0 ? range / median : 0};
}

std::vector<double> Column(const std::vector<Measurement>& rounds, double Measurement::*member) {
  std::vector<double> column;
  column.reserve(rounds.size());
  for (const Measurement& round : rounds) column.push_back(round.*member);
  return column;
}

std::vector<double> Ratios(
    const std::vector<double>& numerators,
    const std::vector<double>& denominators) {
  if (numerators.size() != denominators.size()) return {};
  std::vector<double> ratios;
  ratios.reserve(numerators.size());
  for (size_t i = 0; i < numerators.size(); ++i) {
    ratios.push_back(denominators[i] > 0 ? numerators[i] / denominators[i] : 0);
  }
  return ratios;
}

}  // namespace mqrpc::bench
