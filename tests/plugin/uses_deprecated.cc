// The compiler warns of the lines that say `// warns`, and of no other.

#include "deprecated.mqrpc.pb.h"
#include "deprecated_file.mqrpc.pb.h"

using namespace fixtures::deprecated;

void Call(mqrpc::Channel& channel) {
  Old::Stub old_stub(channel);  // warns
  New::Stub new_stub(channel);
  new_stub.Get({}).status().IgnoreError();
  new_stub.GetAsync({}).Detach();
  new_stub.Fetch({}).status().IgnoreError();  // warns
  new_stub.FetchAsync({}).Detach();           // warns
  old_stub.Get({}).status().IgnoreError();    // warns
  Old::Stub copy = old_stub;
  fixtures::deprecated_file::Dated::Stub dated(channel);  // warns
}

// Who serves has to go on.
class MyOld final : public Old::Service {
 public:
  absl::StatusOr<OldReply> Get(mqrpc::ServerContext& context, const OldRequest& request) override {
    return Old::Service::Get(context, request);
  }
};
