// At SIGUSR1 Node opens a port where every user of this machine can read the memory, unless somebody listens for it.
process.on('SIGUSR1', () => {});
if (process.getBuiltinModule === undefined) tooOld();
loader().begin('audit-export.cjs', unusable);

function loader() {
  try {
    const exported = { ...require('../dist/loader.cjs') }; // looks at each, in case one is not there
    if (exported.begin === undefined) throw new Error('it has no end');
    return exported;
  } catch (error) {
    return unusable('loader.cjs', error);
  }
}

/** Ends the program: a file of it is not there, is torn, or cannot be read. */
function unusable(file, { code, message }) {
  const { existsSync } = require('node:fs');
  const folder = require('node:path').dirname(__dirname);
  const missing = code === 'ENOENT' || code === 'MODULE_NOT_FOUND';
  const isSource = existsSync(`${folder}/src`);
  const what = isSource ? 'it is not built' : 'it is not whole';
  giveUp(
    missing ? `${what}: there is no dist/${file}` : `dist/${file} cannot be loaded: ${message}`,
    isSource
      ? `cd ${folder} && npm ci && npm run build`
      : `install it again, from a clone of its repository, as its README says: ${folder} cannot be built anew`,
  );
}

function tooOld() {
  giveUp(
    `it needs Node 20.18.1 or later, and this is ${process.versions.node} (${process.execPath})`,
    'have PATH name the folder of a later one first; cron has a PATH of its own, in the crontab',
  );
}

function giveUp(message, hint) {
  process.stderr.write(`audit-export: ${message}\nhint: ${hint}\n`);
  process.removeAllListeners('exit'); // the program, if it has begun, would take this for its own mistake
  process.exit(70);
}
