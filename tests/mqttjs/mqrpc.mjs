// Both ends of docs/protocol.md, in JSON, on MQTT.js.
import { randomBytes } from 'node:crypto';

// Calls methods: `await (await Caller.on(connection)).call('acme.Valve', 'Turn', { degrees: 90 })`.
export class Caller {
  #calls = new Map(); // by correlation data, in hex

  static async on(connection) {
    const caller = new Caller();
    caller.connection = connection;
    caller.replies = `mqrpc/clients/${connection.options.clientId}/replies`;
    connection.on('message', (topic, payload, packet) => caller.#onReply(payload, packet.properties));
    await connection.subscribeAsync(caller.replies, { qos: 1 });
    return caller;
  }

  async call(service, method, request, { timeoutMs = 20_000, headers = {} } = {}) {
    const correlationData = randomBytes(16);
    const reply = new Promise((resolve, reject) => {
      this.#calls.set(correlationData.toString('hex'), { resolve, reject });
    });
    await this.connection.publishAsync(`mqrpc/services/${service}/${method}`, JSON.stringify(request), {
      qos: 1,
      properties: {
        responseTopic: this.replies,
        correlationData,
        contentType: 'application/json',
        messageExpiryInterval: Math.ceil(timeoutMs / 1000),
        userProperties: { 'mqrpc-timeout': String(timeoutMs), ...headers },
      },
    });
    return reply;
  }

  #onReply(payload, { correlationData, contentType, userProperties = {} }) {
    const key = correlationData.toString('hex');
    const call = this.#calls.get(key);
    if (!call) return; // late, or another's
    this.#calls.delete(key);
    const message = payload.length > 0 ? JSON.parse(payload) : {};
    const code = Number(userProperties['mqrpc-status'] ?? 0);
    if (code === 0) call.resolve({ reply: message, contentType, metadata: userProperties });
    else call.reject(Object.assign(new Error(message.message), { code, details: message.details }));
  }
}

// Serves methods: functions of the request, which return the reply, or throw an Error with a code.
export async function serve(connection, service, methods) {
  connection.on('message', async (topic, payload, packet) => {
    const { responseTopic, correlationData, contentType } = packet.properties ?? {};
    const properties = { correlationData, contentType };
    let answer;
    try {
      const method = methods[topic.split('/').at(-1)];
      if (!method) throw Object.assign(new Error(`no method at ${topic}`), { code: 12 });
      answer = await method(JSON.parse(payload), packet.properties);
    } catch (error) {
      answer = { code: error.code ?? 13, message: error.message };
      properties.userProperties = { 'mqrpc-status': String(answer.code) };
    }
    if (!responseTopic) return; // fire and forget
    connection.publish(responseTopic, JSON.stringify(answer), { qos: packet.qos, properties });
  });
  await connection.subscribeAsync(`$share/mqrpc/mqrpc/services/${service}/+`, { qos: 2 });
}
