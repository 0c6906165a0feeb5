import { Argument, type Command, type Option } from 'commander';
import { ProvChainError } from '../errors.js';
import { bashScript } from './completion-bash.js';
import { fishScript } from './completion-fish.js';
import type { CompletionCommand, CompletionOption, Expected } from './completion-tree.js';
import { zshScript } from './completion-zsh.js';
import { describeCommand } from './help.js';
import { createTerminal } from './terminal.js';

const SHELLS = {
  bash: { script: bashScript, install: 'source <(provchain completion bash)' },
  zsh: { script: zshScript, install: 'source <(provchain completion zsh)' },
  fish: { script: fishScript, install: 'provchain completion fish | source' },
} as const;

export function registerCompletion(program: Command): void {
  const names = Object.keys(SHELLS);
  const command = program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(names))
    .action((shell: keyof typeof SHELLS, options: { json?: boolean }) => {
      const terminal = createTerminal(options);
      const script = completionScript(program, shell);
      if (terminal.json) terminal.document({ shell, install: SHELLS[shell].install, script });
      else terminal.write(script);
    });
  describeCommand(command, {
    examples: [
      ['completion bash >> ~/.bashrc', 'complete commands, options, levels and files in bash'],
      ['completion zsh >> ~/.zshrc', 'the same in zsh (after compinit)'],
      ['completion fish > ~/.config/fish/completions/provchain.fish', 'the same in fish'],
    ],
  });
}

/** The script for one shell, made from the commands as they are declared, so that it cannot fall behind them. */
export function completionScript(program: Command, shell: string): string {
  const entry = Object.entries(SHELLS).find(([name]) => name === shell);
  if (!entry) throw new ProvChainError('USAGE', `no completion for the shell "${shell}"`);
  return entry[1].script(describeProgram(program));
}

function describeProgram(program: Command): CompletionCommand[] {
  const help = program.createHelp();
  return help.visibleCommands(program).flatMap((command) => describeCommands(program, command, ''));
}

/** The command, and after it those that are in it. */
function describeCommands(program: Command, command: Command, group: string): CompletionCommand[] {
  const help = command.createHelp();
  const name = `${group}${command.name()}`;
  const described = {
    name,
    description: command.description(),
    options: help.visibleOptions(command).map(describeOption),
  };
  if (command.commands.length === 0) {
    const places = command.registeredArguments.map((argument) => ({
      expected: expectedAt(argument.name(), argument.argChoices, command, program),
      repeats: argument.variadic,
    }));
    return [{ ...described, places }];
  }
  const members = command.commands.map((member) => member.name());
  return [
    { ...described, members, places: [{ expected: { kind: 'words', words: members }, repeats: false }] },
    ...command.commands.flatMap((member) => describeCommands(program, member, `${name} `)),
  ];
}

function describeOption(option: Option): CompletionOption {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined);
  const takesValue = option.required || option.optional;
  const value: Expected = option.argChoices
    ? { kind: 'words', words: option.argChoices }
    : { kind: 'nothing' };
  return { flags, description: option.description, ...(takesValue ? { value } : {}) };
}

/** Arguments are told apart by the names that the help shows: DIR, FILE, and COMMAND of the built-in help. */
function expectedAt(
  name: string,
  choices: string[] | undefined,
  command: Command,
  program: Command,
): Expected {
  if (choices) return { kind: 'words', words: choices };
  if (name.toLowerCase() === 'dir') return { kind: 'directory' };
  if (name.toLowerCase() === 'file') return { kind: 'file' };
  if (command.name() === 'help') return { kind: 'words', words: program.commands.map((one) => one.name()) };
  return { kind: 'nothing' };
}
