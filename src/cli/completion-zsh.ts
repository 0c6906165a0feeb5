import type { CompletionCommand, CompletionOption, Expected } from './completion-tree.js';

export function zshScript(commands: readonly CompletionCommand[]): string {
  const groups = commands.filter((command) => command.members).map((command) => `"${command.name}"`);
  const top = commands.filter((command) => !command.name.includes(' '));
  return `#compdef provchain
# zsh completion for provchain, made by "provchain completion zsh"
_provchain() {
  local -a commands
  commands=(
${top.map((command) => `    ${quote(`${escapeColon(command.name)}:${command.description}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$name" in
    ${[...groups, '""'].join('|')})
      if (( CURRENT > 2 )); then
        name="$name $words[2]"
        shift words
        (( CURRENT-- ))
      fi
      ;;
  esac
  case "$name" in
${commands.map(commandCase).join('\n')}
  esac
}
if [[ "$funcstack[1]" == _provchain ]]; then _provchain "$@"; else compdef _provchain provchain; fi
`;
}

function commandCase(command: CompletionCommand): string {
  const places = command.places.map(({ expected, repeats }, i) =>
    quote(`${repeats ? '*' : i + 1}:argument:${action(expected)}`),
  );
  const specs = [...command.options.flatMap(optionSpecs), ...places];
  return `    "${command.name}")\n      _arguments ${specs.join(' \\\n        ')}\n      ;;`;
}

function optionSpecs({ flags, description, value }: CompletionOption): string[] {
  const text = `[${description.replace(/[[\]\\]/g, '\\$&')}]`;
  return flags.map((flag) => {
    if (!value) return quote(`${flag}${text}`);
    return quote(`${flag}${flag.startsWith('--') ? '=' : ''}${text}:value:${action(value)}`);
  });
}

function action(expected: Expected): string {
  switch (expected.kind) {
    case 'words':
      return `(${expected.words.join(' ')})`;
    case 'directory':
      return '_files -/';
    case 'file':
      return '_files';
    case 'nothing':
      return ' ';
  }
}

function escapeColon(text: string): string {
  return text.replaceAll(':', '\\:');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
