// Serves a calculator, until it is killed: node responder.mjs mqtt://127.0.0.1:1883
import mqtt from 'mqtt';
import { serve } from './mqrpc.mjs';

const connection = await mqtt.connectAsync(process.argv[2], { protocolVersion: 5 });

await serve(connection, 'mqrpc.examples.calculator.v1.Calculator', {
  Add: ({ a = 0, b = 0 }) => ({ sum: a + b }),
  Divide: ({ dividend = 0, divisor = 0 }) => {
    if (divisor === 0) throw Object.assign(new Error('division by zero'), { code: 3 });
    return { quotient: dividend / divisor };
  },
});
