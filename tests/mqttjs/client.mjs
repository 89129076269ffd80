// Calls a calculator that mqrpc serves: node client.mjs mqtt://127.0.0.1:1883
import assert from 'node:assert/strict';
import mqtt from 'mqtt';
import { Caller } from './mqrpc.mjs';

const service = 'mqrpc.examples.calculator.v1.Calculator';
const connection = await mqtt.connectAsync(process.argv[2], { protocolVersion: 5 });
const calculator = await Caller.on(connection);

const { reply, contentType, metadata } = await calculator.call(
  service, 'Add', { a: 2, b: 3 }, { headers: { tenant: 'acme' } });
assert.deepEqual(reply, { sum: 5 });
assert.equal(contentType, 'application/json');
assert.equal(metadata.served, 'acme');

// Many at once: each reply is that of its own call.
const numbers = [...Array(200).keys()];
const sums = await Promise.all(numbers.map((n) => calculator.call(service, 'Add', { a: n, b: n })));
assert.deepEqual(sums.map((sum) => sum.reply.sum ?? 0), numbers.map((n) => 2 * n));

await assert.rejects(calculator.call(service, 'Divide', { dividend: 1 }), (error) => {
  assert.equal(error.code, 3); // INVALID_ARGUMENT
  assert.equal(error.message, 'division by zero');
  assert.equal(error.details[0]['@type'],
    'type.googleapis.com/mqrpc.examples.calculator.v1.DivisionByZero');
  return true;
});
await assert.rejects(calculator.call(service, 'Add', { a: 'x' }), { code: 3, message: /JSON/ });
await assert.rejects(calculator.call(service, 'Multiply', {}), { code: 12 }); // UNIMPLEMENTED

await connection.endAsync();
