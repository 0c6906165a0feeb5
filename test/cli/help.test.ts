import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/index.js';
import { provchain } from '../support/cli.js';
import { projectRoot } from '../support/project.js';

const program = createProgram();

/** Every command with its name as it is typed, groups before what they hold. */
function commandsOf(parent: Command, prefix = ''): [string, Command][] {
  return parent.commands.flatMap((command): [string, Command][] => {
    const name = `${prefix}${command.name()}`;
    return [[name, command], ...commandsOf(command, `${name} `)];
  });
}

const commands = commandsOf(program);

/** The help of a command as a terminal of this width shows it. */
function helpOf(command: Command, width: number): string {
  let text = '';
  command.configureOutput({
    writeOut: (chunk) => {
      text += chunk;
    },
    getOutHelpWidth: () => width,
  });
  command.outputHelp();
  return text;
}

describe('the help', () => {
  it.each(commands)('of %s has a description, examples that name it, and exit codes', (name, command) => {
    const help = helpOf(command, 100);
    expect(command.description()).not.toBe('');
    expect(help).toMatch(new RegExp(`^Examples:\\n {2}\\$ provchain ${name}( |$)`, 'm'));
    expect(help).toMatch(/^Exit codes:\n {3}0 {2}\w/m);
    expect(help).toContain('--json');
  });

  it('is what docs/cli.md shows', async () => {
    const sections = ([['', program], ...commands] as const).map(([name, command]) => {
      const title = `provchain ${name}`.trim();
      return `## ${title}\n\n\`\`\`text\n${helpOf(command, 100).trimEnd()}\n\`\`\`\n`;
    });
    const page = `# Command line\n\nMade from the program's own help by \`npx vitest run test/cli/help -u\`.\n\n${sections.join('\n')}`;
    await expect(page).toMatchFileSnapshot(join(projectRoot(), 'docs/cli.md'));
  });

  it('goes to stdout with exit 0 when asked for', async () => {
    const [flag, command] = [await provchain(['validate', '--help']), await provchain(['help', 'validate'])];
    expect(flag).toMatchObject({ status: 0, stderr: '' });
    expect(flag.stdout).toContain('Usage: provchain validate');
    expect(command).toEqual(flag);
  });
});

describe('the version', () => {
  it('is the one of package.json', async () => {
    const { status, stdout } = await provchain(['--version']);
    expect([status, stdout]).toEqual([0, `${program.version()}\n`]);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
