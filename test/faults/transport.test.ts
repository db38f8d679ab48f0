import { fault, scene } from './harness.ts';

fault('N01', 'connection refused (ECONNREFUSED): retried, then given up, exit 69', async (context) => {
  const here = await scene(context);
  await here.vendor.down();
  const result = await here.run();
  await here.expectProblem(result, {
    exit: 69,
    message: /^source http:\/\/127\.0\.0\.1:\d+ refused the connection \(ECONNREFUSED, GET \/audit\)$/,
    hint: /^check the host and port/,
    lift: () => here.vendor.up(),
  });
});
