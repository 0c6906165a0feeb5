// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables are written like this in the file.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  ENVIRONMENT,
  type SectionReference,
  type SettingReference,
  settingsReference,
  WITHOUT_EFFECT,
} from '../../src/settings/index.js';
import { projectRoot } from '../support/project.js';

/** docs/settings.md: `npx vitest run test/settings/documents -u` makes it. */
const PAGE = join(projectRoot(), 'docs', 'settings.md');

const inCell = (text: string) => text.replaceAll('|', '\\|');

function fallbackText({ fallback }: SettingReference): string {
  if (fallback === undefined) return '';
  return fallback.value === undefined ? (fallback.words ?? '') : `\`${JSON.stringify(fallback.value)}\``;
}

function rowOf(setting: SettingReference): string {
  const { key, form, unit = '', meaning, atRunTime, secret } = setting;
  const marks = `${atRunTime ? ' ↻' : ''}${secret ? ' 🔒' : ''}`;
  return `| \`${key}\`${marks} | ${inCell(form)} | ${inCell(fallbackText(setting))} | ${unit} | ${inCell(meaning)} |`;
}

function sectionText({ table, meaning, settings }: SectionReference): string[] {
  const head = ['| key | allowed | default | unit | meaning |', '|---|---|---|---|---|'];
  return [`## \`[${table}]\``, '', meaning, '', ...head, ...settings.map(rowOf), ''];
}

function withoutEffectText(when: 'never' | 'later'): string[] {
  const entries = Object.entries(WITHOUT_EFFECT).filter(([, notes]) => notes.when === when);
  return [
    `| key | ${when === 'never' ? 'why' : 'comes with'} |`,
    '|---|---|',
    ...entries.map(([key, notes]) => {
      const refused = notes.refused === undefined ? '' : ` (\`${notes.refused}\` is refused)`;
      return `| \`${key}\` | ${inCell(notes.why)}${refused} |`;
    }),
    '',
  ];
}

function settingsPage(): string {
  const variables = Object.entries(ENVIRONMENT).map(
    ([name, path]) => `| \`${name}\` | \`${path.join('.')}\` |`,
  );
  return [
    '# Settings',
    '',
    'Settings are a TOML file: `provchain serve --config FILE`. Every key may be left out; without a file a node stands',
    'alone, listens on loopback only and works on a demo chain. `provchain config check FILE` names everything that is',
    'wrong with file, line and column; `provchain config print --config FILE` shows what a node works with. An unknown',
    'key or a value that is not allowed is an error. Ready files: `config/development.toml`, `staging.toml`,',
    '`production.toml`, `critical.toml`. Made from `src/settings` by `npx vitest run test/settings/documents -u`.',
    '',
    '- ↻ may be changed while the node runs: `PUT /api/integrity/config`, under the same name. From then on that is in',
    '  force and not the file, also after a restart; the log says so at each start.',
    '- 🔒 is never shown.',
    '',
    '## Variables of the environment',
    '',
    '`${NAME}` in any text is replaced by that variable, and it is an error when there is none; `$${` stands for the',
    'characters `${`. These work also where the file says nothing; an empty one counts as missing:',
    '',
    '| variable | setting |',
    '|---|---|',
    ...variables,
    '',
    ...settingsReference().flatMap(sectionText),
    '## Rules between settings',
    '',
    '- Without authentication `network.api.host` and `monitoring.metrics.host` are loopback addresses.',
    '- With HS256 there is a secret, with EdDSA a key file. Secrets have at least 32 bytes and are no placeholders.',
    '- With TLS there are both files.',
    '- A Redis that is not on a loopback address needs `redis.shared_secret`.',
    '- No time limit is above `integrity.resource_limits.max_validation_time_seconds`.',
    '- A level of your own has `level` or `checks`, and no name of a built-in one.',
    '- `state.directory` is outside of the chain directory, which nodes may share.',
    '',
    "## Keys of the predecessor's file that have no effect",
    '',
    'They are accepted, and `provchain config check` names those whose value says something else than what happens.',
    '',
    ...withoutEffectText('never'),
    '## Keys that are not available in this version yet',
    '',
    ...withoutEffectText('later'),
  ].join('\n');
}

describe('docs/settings.md', () => {
  it('lists every setting as the schema declares it', async () => {
    await expect(settingsPage()).toMatchFileSnapshot(PAGE);
  });

  it('has a meaning and allowed values for each of them', () => {
    const sections = settingsReference();
    expect(sections.length).toBeGreaterThan(20);
    for (const { table, meaning, settings } of sections) {
      expect(meaning, table).not.toBe('');
      for (const { key, meaning: what, form } of settings) {
        expect(what, `${table}.${key}`).not.toBe('');
        expect(form, `${table}.${key}`).not.toBe('another type of value');
      }
    }
  });
});
