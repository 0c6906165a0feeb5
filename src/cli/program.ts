import { Command } from 'commander';
import { EXIT } from '../errors.js';
import { packageVersion } from '../version.js';
import { registerAlerts } from './alerts.js';
import { registerAppend } from './append.js';
import { registerAudit } from './audit.js';
import { registerCanonicalize } from './canonicalize.js';
import { registerCompletion } from './completion.js';
import { registerConfig } from './config.js';
import { registerDemo } from './demo.js';
import { registerDoctor } from './doctor.js';
import { registerGenerate } from './generate.js';
import { exitCodesText } from './help.js';
import { registerImport } from './import.js';
import { registerInit } from './init.js';
import { registerInspect } from './inspect.js';
import { registerJobs } from './jobs.js';
import { registerProof } from './proof.js';
import { registerServe } from './serve.js';
import { registerUser } from './user.js';
import { registerValidate } from './validate.js';

const ABOUT =
  'Proves that a hash-chained store of RDF provenance has not been altered.\n\n' +
  'Results go to stdout, progress and messages to stderr. With --json, stdout carries exactly one JSON document, ' +
  'and an error is a JSON object on stderr. NO_COLOR turns colours off.';

/** The command line as declared. Wrong usage and help throw commander's CommanderError; the caller sets the exit code. */
export function createProgram(): Command {
  const program = new Command('provchain')
    .description(ABOUT)
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  // Commands inherit the settings above at the moment they are made.
  registerInit(program);
  registerGenerate(program);
  registerAppend(program);
  registerImport(program);
  registerValidate(program);
  registerInspect(program);
  registerProof(program);
  registerJobs(program);
  registerAlerts(program);
  registerCanonicalize(program);
  registerConfig(program);
  registerServe(program);
  registerUser(program);
  registerAudit(program);
  registerDoctor(program);
  registerDemo(program);
  registerCompletion(program);
  const { warning, tampered, incomplete, inputRefused, locked } = EXIT;
  return program.addHelpText(
    'after',
    () => `\n${exitCodesText({ exits: [warning, tampered, incomplete, inputRefused, locked] })}`,
  );
}
