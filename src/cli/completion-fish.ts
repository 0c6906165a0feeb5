import type { CompletionCommand, CompletionOption, Expected } from './completion-tree.js';

export function fishScript(commands: readonly CompletionCommand[]): string {
  const lines = [
    '# fish completion for provchain, made by "provchain completion fish"',
    'complete -c provchain -f',
  ];
  for (const { name, description } of commands) {
    if (name.includes(' ')) continue;
    lines.push(`complete -c provchain -n __fish_use_subcommand -a ${name} -d ${quote(description)}`);
  }
  for (const command of commands) {
    const when = `-n ${quote(condition(command))}`;
    for (const option of command.options) lines.push(`complete -c provchain ${when} ${optionWords(option)}`);
    for (const place of command.places) {
      const words = placeWords(place.expected);
      if (words) lines.push(`complete -c provchain ${when} ${words}`);
    }
  }
  return `${[...new Set(lines)].join('\n')}\n`;
}

/** Every word of the name stands on the line, and of a group none of its members. */
function condition({ name, members }: CompletionCommand): string {
  const seen = name.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
  if (members) seen.push(`not __fish_seen_subcommand_from ${members.join(' ')}`);
  return seen.join('; and ');
}

function optionWords({ flags, description, value }: CompletionOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const takes = value
    ? ['-x', ...(value.kind === 'words' ? [`-a ${quote(value.words.join(' '))}`] : [])]
    : [];
  return [...names, ...takes, `-d ${quote(description)}`].join(' ');
}

function placeWords(expected: Expected): string | undefined {
  switch (expected.kind) {
    case 'words':
      return `-a ${quote(expected.words.join(' '))}`;
    case 'directory':
      return `-a ${quote('(__fish_complete_directories)')}`;
    case 'file':
      return '-F';
    case 'nothing':
      return undefined;
  }
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
