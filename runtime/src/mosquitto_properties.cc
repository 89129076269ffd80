#include "mosquitto_properties.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

namespace mqrpc::internal {
namespace {

constexpr uint16_t kDefaultReceiveMaximum = 65535;  // MQTT 5 section 3.2.2.3.3

// A string of libmosquitto's, which gives it to us to free.
std::string Take(char* text) {
  std::string copy(text != nullptr ? text : "");
  free(text);
  return copy;
}

// One property after the other, in the order of the packet. A list is walked by node: each read
// begins at the node itself.
void ReadProperty(const mosquitto_property* node, Message& message) {
  int id = mosquitto_property_identifier(node);
  char* text = nullptr;
  switch (id) {
    case MQTT_PROP_RESPONSE_TOPIC:
      mosquitto_property_read_string(node, id, &text, false);
      message.response_topic = Take(text);
      break;
    case MQTT_PROP_CONTENT_TYPE:
      mosquitto_property_read_string(node, id, &text, false);
      message.content_type = Take(text);
      break;
    case MQTT_PROP_CORRELATION_DATA: {
      void* data = nullptr;
      uint16_t size = 0;
      mosquitto_property_read_binary(node, id, &data, &size, false);
      message.correlation_data = std::string(static_cast<char*>(data), data != nullptr ? size : 0);
      free(data);
      break;
    }
    case MQTT_PROP_MESSAGE_EXPIRY_INTERVAL: {
      uint32_t seconds = 0;
      mosquitto_property_read_int32(node, id, &seconds, false);
      message.expiry_seconds = seconds;
      break;
    }
    case MQTT_PROP_PAYLOAD_FORMAT_INDICATOR: {
      uint8_t format = 0;
      mosquitto_property_read_byte(node, id, &format, false);
      message.payload_is_utf8 = format == 1;
      break;
    }
    case MQTT_PROP_USER_PROPERTY: {
      char* value = nullptr;
      mosquitto_property_read_string_pair(node, id, &text, &value, false);
      std::string key = Take(text);
      message.user_properties.emplace_back(std::move(key), Take(value));
      break;
    }
    default:
      break;
  }
}

}  // namespace

// Errors cannot come where properties are added: the strings have been checked, the ids are right.

void FreeProperties::operator()(mosquitto_property* list) const {
  mosquitto_property_free_all(&list);
}

Message ReadMessage(const mosquitto_message& received, const mosquitto_property* properties) {
  Message message;
  message.topic = received.topic;
  message.payload.assign(
      static_cast<const char*>(received.payload),
      received.payload != nullptr ? static_cast<size_t>(received.payloadlen) : 0);
  message.qos = static_cast<QoS>(received.qos);
  message.retain = received.retain;
  for (const mosquitto_property* node = properties; node != nullptr;
       node = mosquitto_property_next(node)) {
    ReadProperty(node, message);
  }
  return message;
}

PropertyList MakeProperties(const Message& message) {
  mosquitto_property* list = nullptr;
  if (message.payload_is_utf8) {
    mosquitto_property_add_byte(&list, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, 1);
  }
  if (message.expiry_seconds.has_value()) {
    mosquitto_property_add_int32(&list, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, *message.expiry_seconds);
  }
  if (message.content_type.has_value()) {
    mosquitto_property_add_string(&list, MQTT_PROP_CONTENT_TYPE, message.content_type->c_str());
  }
  if (message.response_topic.has_value()) {
    mosquitto_property_add_string(&list, MQTT_PROP_RESPONSE_TOPIC, message.response_topic->c_str());
  }
  if (message.correlation_data.has_value()) {
    mosquitto_property_add_binary(
        &list,
        MQTT_PROP_CORRELATION_DATA,
        message.correlation_data->data(),
        static_cast<uint16_t>(message.correlation_data->size()));
  }
  for (const auto& [key, value] : message.user_properties) {
    mosquitto_property_add_string_pair(&list, MQTT_PROP_USER_PROPERTY, key.c_str(), value.c_str());
  }
  return PropertyList(list);
}

PropertyList MakeConnectProperties(const MosquittoClient::Options& options) {
  mosquitto_property* list = nullptr;
  if (options.session_expiry_seconds > 0) {
    mosquitto_property_add_int32(
        &list,
        MQTT_PROP_SESSION_EXPIRY_INTERVAL,
        options.session_expiry_seconds);
  }
  if (options.request_response_information) {
    mosquitto_property_add_byte(&list, MQTT_PROP_REQUEST_RESPONSE_INFORMATION, 1);
  }
  return PropertyList(list);
}

MosquittoClient::Accepted ReadAccepted(
    const MosquittoClient::Options& asked,
    bool session_present,
    const mosquitto_property* properties) {
  uint16_t receive_maximum = kDefaultReceiveMaximum;
  mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM, &receive_maximum, false);
  char* text = nullptr;
  mosquitto_property_read_string(properties, MQTT_PROP_RESPONSE_INFORMATION, &text, false);
  std::optional<std::string> response_information;
  if (text != nullptr) response_information = Take(text);
  // What was asked for, unless the broker says otherwise.
  uint32_t expiry = asked.session_expiry_seconds;
  mosquitto_property_read_int32(properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, &expiry, false);
  return {
      .receive_maximum = receive_maximum,
      .session_is_present = session_present,
      .session_will_be_kept = expiry > 0,
      .response_information = std::move(response_information)};
}

PropertyList MakeDisconnectProperties(const MosquittoClient::Options& options) {
  mosquitto_property* list = nullptr;
  if (options.session_expiry_seconds > 0) {
    mosquitto_property_add_int32(&list, MQTT_PROP_SESSION_EXPIRY_INTERVAL, 0);
  }
  return PropertyList(list);
}

}  // namespace mqrpc::internal
