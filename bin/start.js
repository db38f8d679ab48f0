// At SIGUSR1 Node opens a port where every user of this machine can read the memory, unless somebody listens for it.
process.on('SIGUSR1', () => {});
try {
  require('../dist/loader.cjs').load('audit-export.cjs');
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND' && error.code !== 'ENOENT') throw error;
  const file = error.code === 'ENOENT' ? 'audit-export.cjs' : 'loader.cjs';
  const folder = require('node:path').dirname(__dirname);
  process.stderr.write(`audit-export: it is not built: there is no dist/${file}\n`);
  process.stderr.write(`hint: cd ${folder} && npm ci && npm run build\n`);
  process.exitCode = 70;
}
