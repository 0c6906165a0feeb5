import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completionScript } from '../../src/cli/completion.js';
import { createProgram } from '../../src/cli/index.js';
import { temporaryFolder } from '../support/chains.js';
import { provchain } from '../support/cli.js';
import { installed } from '../support/debian.js';

const folder = temporaryFolder();
const script = (shell: string) => completionScript(createProgram(), shell);

beforeAll(() => {
  mkdirSync(join(folder.path, 'chain dir'));
  writeFileSync(join(folder.path, 'shipment.ttl'), '');
  for (const shell of ['bash', 'zsh', 'fish'])
    writeFileSync(join(folder.path, `script.${shell}`), script(shell));
});

afterAll(() => folder.remove());

/** What bash offers for the last of these words. */
function bashOffers(words: readonly string[]): string[] {
  const program = `
    source script.bash
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _provchain
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['-c', program, 'bash', 'provchain', ...words], {
    cwd: folder.path,
    encoding: 'utf8',
  });
  return output.split('\n').filter((line) => line !== '');
}

describe('completion in bash', () => {
  it('offers every command', () => {
    const commands = createProgram().commands.map((command) => command.name());
    expect(bashOffers([''])).toEqual(expect.arrayContaining(commands));
  });

  it.each([
    [['val'], ['validate']],
    [['validate', 'x', '--lev'], ['--level']],
    [['validate', '--level', 'F'], ['Full']],
    [['validate', '--level', '=', 'F'], ['Full']],
    [
      ['generate', '--profile', 't'],
      ['trace', 'tangle'],
    ],
    [['validate', 'ch'], ['chain dir']],
    [['validate', '--level', 'Full', 'ch'], ['chain dir']],
    [['validate', 'x', 'ch'], []],
    [['append', 'x', 'ship'], ['shipment.ttl']],
    [['append', 'x', 'y', 'z', 'ship'], ['shipment.ttl']],
    [['append', 'ship'], []],
    [['completion', 'z'], ['zsh']],
    [['help', 'ini'], ['init']],
    [['inspect', 'x', ''], []],
    [
      ['proof', ''],
      ['make', 'verify'],
    ],
    [['proof', 'v'], ['verify']],
    [['proof', 'make', '--hei'], ['--height']],
    [['proof', 'make', 'ch'], ['chain dir']],
    [['proof', 'verify', 'ship'], ['shipment.ttl']],
    [['jobs', 'list', '--state', 'run'], ['running']],
    [['jobs', 'nonsense', ''], []],
  ])('offers for %j just %j', (words, offers) => {
    expect(bashOffers(words)).toEqual(offers);
  });

  it('never runs what stands on the command line', () => {
    expect(bashOffers(['append', '$(touch ran)', '`touch ran`', 'ra'])).toEqual([]);
  });
});

describe('completion in other shells', () => {
  it.skipIf(!installed('zsh'))('is a script that zsh loads and registers', () => {
    const load = 'autoload -Uz compinit; compinit -u -D; source ./script.zsh; print $_comps[provchain]';
    const output = execFileSync('zsh', ['-f', '-c', load], { cwd: folder.path, encoding: 'utf8' });
    expect(output.trim()).toBe('_provchain');
  });

  it.skipIf(!installed('fish'))('offers commands, levels and files in fish', () => {
    const offers = (line: string) => {
      const load = `source script.fish; complete -C ${JSON.stringify(line)}`;
      const output = execFileSync('fish', ['--no-config', '-c', load], {
        cwd: folder.path,
        encoding: 'utf8',
      });
      return output.split('\n').map((offer) => offer.split('\t')[0]);
    };
    expect(offers('provchain val')).toContain('validate');
    expect(offers('provchain validate --level F')).toContain('Full');
    expect(offers('provchain append x ship')).toContain('shipment.ttl');
    expect(offers('provchain proof ')).toEqual(expect.arrayContaining(['make', 'verify']));
    expect(offers('provchain jobs list --state run')).toContain('running');
  });

  it.each(['zsh', 'fish'])('names every command and every long option in %s', (shell) => {
    const text = script(shell);
    const program = createProgram();
    for (const command of [...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
      expect(text).toContain(command.name());
      for (const { long } of command.options) expect(text).toContain(long?.slice(2));
    }
  });
});

describe('provchain completion', () => {
  it('prints the script, or a document with it', async () => {
    const [plain, json] = [
      await provchain(['completion', 'bash']),
      await provchain(['completion', 'bash', '--json']),
    ];
    expect(plain).toMatchObject({ status: 0, stderr: '', stdout: script('bash') });
    expect(JSON.parse(json.stdout)).toMatchObject({ shell: 'bash', script: script('bash') });
  });
});
