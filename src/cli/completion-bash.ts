import type { CompletionCommand, Expected } from './completion-tree.js';

/** Works with bash 3.2 and later and needs no bash-completion package. Words before the cursor are never evaluated. */
export function bashScript(commands: readonly CompletionCommand[]): string {
  const names = commands.map((command) => command.name).filter((name) => !name.includes(' '));
  const groups = commands.filter((command) => command.members).map((command) => `"${command.name}"`);
  return `# bash completion for provchain, made by "provchain completion bash"
_provchain() {
  local IFS=$'\\n' current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" name="" place=0 i=1
  # "--level=F" arrives as three words: --level, = and F.
  if [[ $current == "=" ]]; then current=""; previous="\${COMP_WORDS[COMP_CWORD-1]}"
  elif [[ $previous == "=" ]]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  while (( i < COMP_CWORD )); do
    local word="\${COMP_WORDS[i]}"
    if [[ -z $name ]]; then
      [[ $word == -* ]] || name="$word"
    elif [[ $word == -* && $word != "-" ]]; then
      case "$name $word" in
${valueOptionCases(commands)}
      esac
    elif [[ $word != "=" ]]; then
      case "$name" in
        ${[...groups, '""'].join('|')}) name="$name $word" ;;
        *) place=$((place + 1)) ;;
      esac
    fi
    i=$((i + 1))
  done
  COMPREPLY=()
  if [[ -z $name ]]; then
    COMPREPLY=($(compgen -W '${words([...names, '--help', '--version'])}' -- "$current"))
    return
  fi
  case "$name $previous" in
${commands.flatMap((command) => command.options.flatMap((option) => valueCase(command, option))).join('\n')}
  esac
  if [[ $current == -* ]]; then
    case "$name" in
${commands.map((command) => `      "${command.name}") ${complete({ kind: 'words', words: command.options.flatMap((option) => option.flags) })} ;;`).join('\n')}
    esac
    return
  fi
  case "$name $place" in
${commands.flatMap(placeCases).join('\n')}
  esac
}
complete -F _provchain provchain
`;
}

function valueOptionCases(commands: readonly CompletionCommand[]): string {
  const patterns = commands.flatMap((command) =>
    command.options
      .filter((option) => option.value)
      .flatMap((option) => option.flags.map((flag) => `"${command.name} ${flag}"`)),
  );
  // The value is skipped, together with the "=" that may stand before it.
  return `        ${patterns.join('|')}) i=$((i + 1)); [[ \${COMP_WORDS[i]} != "=" ]] || i=$((i + 1)) ;;`;
}

function valueCase(command: CompletionCommand, option: CompletionCommand['options'][number]): string[] {
  if (!option.value) return [];
  const pattern = option.flags.map((flag) => `"${command.name} ${flag}"`).join('|');
  return [`    ${pattern}) ${complete(option.value)}; return ;;`];
}

function placeCases(command: CompletionCommand): string[] {
  return command.places.map(
    ({ expected, repeats }, place) =>
      `    "${command.name} "${repeats ? '*' : place}) ${complete(expected)} ;;`,
  );
}

function complete(expected: Expected): string {
  switch (expected.kind) {
    case 'words':
      return `COMPREPLY=($(compgen -W '${words(expected.words)}' -- "$current"))`;
    case 'directory':
      return 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current"))';
    case 'file':
      return 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current"))';
    case 'nothing':
      return ':';
  }
}

/** One word a line, because the script splits at line ends only. */
function words(list: readonly string[]): string {
  return list.join('\n');
}
