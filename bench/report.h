#ifndef MQRPC_BENCH_REPORT_H_
#define MQRPC_BENCH_REPORT_H_

#include <cstdio>

#include "options.h"
#include "runner.h"

namespace mqrpc::bench {

// Where results go, each cell as soon as it has been measured.
class Report {
 public:
  virtual ~Report() = default;
  virtual void Begin(const Options& options) = 0;
  virtual void Add(const CellResult& result) = 0;
  virtual void End() = 0;
};

// A table for people.
class TextReport final : public Report {
 public:
  explicit TextReport(FILE* output) : output_(output) {}
  void Begin(const Options& options) override;
  void Add(const CellResult& result) override;
  void End() override {}

 private:
  FILE* const output_;
};

// One JSON object for programs: {…, "cells": [{…, "floor": {…}, "mqrpc": {…}}, …]}.
class JsonReport final : public Report {
 public:
  explicit JsonReport(FILE* output) : output_(output) {}
  void Begin(const Options& options) override;
  void Add(const CellResult& result) override;
  void End() override;

 private:
  FILE* const output_;
  const char* separator_ = "";
};

// A line for each contestant in each cell, with tabs between medians; the first line names them.
class TsvReport final : public Report {
 public:
  explicit TsvReport(FILE* output) : output_(output) {}
  void Begin(const Options& options) override;
  void Add(const CellResult& result) override;
  void End() override {}

 private:
  FILE* const output_;
};

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_REPORT_H_
