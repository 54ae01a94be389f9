// `airlock`: one program for the operator (gate, check, doctor, health, schema) and for whoever writes a workflow (try).

import { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { checkCommand } from './check.ts';
import { doctorCommand } from './doctor.ts';
import { gateCommand } from './gate.ts';
import { healthCommand } from './health.ts';
import { schemaCommand } from './schema.ts';
import { tryCommand } from './try.ts';

const program = new Command('airlock')
  .description(
    'A self-hosted GitHub Actions runner that can safely be public: a job can ask Drone for a build, and nothing else.',
  )
  .version(manifest.version)
  .showHelpAfterError('(airlock --help lists the commands)')
  .addCommand(gateCommand())
  .addCommand(tryCommand())
  .addCommand(checkCommand())
  .addCommand(doctorCommand())
  .addCommand(healthCommand())
  .addCommand(schemaCommand());

await program.parseAsync();
