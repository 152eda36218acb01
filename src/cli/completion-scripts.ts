import type { CompletedCommand, CompletedFlag } from './completion.ts';

/** Completes commands, flags and the words that a flag or an argument may be; elsewhere names of files. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const values = commands.flatMap(({ name, flags }) =>
    flags.flatMap((flag) => {
      const { value } = flag;
      if (value === undefined || value.isPath) return [];
      const places = spelled(flag).map((spelling) => `'${name} ${spelling}'`);
      return [`    ${places.join(' | ')}) words='${value.choices.join(' ')}' ;;`];
    }),
  );
  const rest = commands.map(
    ({ name, flags, words }) =>
      `    ${name}) flags='${flags.flatMap(spelled).join(' ')}' words='${words.join(' ')}' ;;`,
  );
  const names = commands.map(({ name }) => name).join(' ');
  return `# Completion of shunt for bash.
_shunt() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]}
  local flags='' words=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${names} help --help --version' -- "$current"))
    return
  fi
  case "$command $previous" in
${[...values, `    'help help') words='${names}' ;;`].join('\n')}
    *)
      case "$command" in
${rest.map((line) => `    ${line}`).join('\n')}
      esac
      case "$current" in -*) words=$flags ;; esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _shunt shunt
`;
}

/** The same for zsh, with what each is for. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary.replaceAll(':', '\\:')}`)}`);
  const cases = commands.map(({ name, flags, words }) => {
    const first = words.length === 0 ? '*:file:_files' : `1:word:(${words.join(' ')})`;
    return `    ${name})\n      _arguments ${[...flags.flatMap(zshFlag), quoted(first)].join(' \\\n        ')}\n      ;;`;
  });
  return `#compdef shunt
# Completion of shunt for zsh.
_shunt() {
  local -a commands
  commands=(
${names.join('\n')}
    'help:Print help.'
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  words=("\${(@)words[2,-1]}")
  (( CURRENT-- ))
  case $words[1] in
${cases.join('\n')}
    help)
      _describe command commands
      ;;
  esac
}
if [ "$funcstack[1]" = _shunt ]; then _shunt "$@"; else compdef _shunt shunt; fi
`;
}

function zshFlag(flag: CompletedFlag): readonly string[] {
  const description = flag.description.replaceAll(/[[\]:\\]/g, '\\$&');
  const { value } = flag;
  const action = value === undefined ? '' : value.isPath ? '_files' : `(${value.choices.join(' ')})`;
  const taken =
    value === undefined ? '' : `:${value.placeholder.replaceAll(/[:\\]/g, '\\$&')}:${action.replace(/^\(\)$/, ' ')}`;
  return spelled(flag).map((spelling) => quoted(`*${spelling}[${description}]${taken}`));
}

/** The same for fish. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const names = [...commands, { name: 'help', summary: 'Print help.' }].map(
    ({ name, summary }) => `complete -c shunt -n __fish_use_subcommand -f -a ${name} -d ${fishQuoted(summary)}`,
  );
  const rest = commands.flatMap(({ name, flags, words }) => {
    const where = `complete -c shunt -n '__fish_seen_subcommand_from ${name}'`;
    return [
      ...(words.length === 0 ? [] : [`${where} -f -a '${words.join(' ')}'`]),
      ...flags.map(({ name, short, description, value }) => {
        const taken = value === undefined ? '' : value.isPath ? ' -r -F' : ` -x -a '${value.choices.join(' ')}'`;
        return `${where} -l ${name}${short === undefined ? '' : ` -s ${short}`}${taken} -d ${fishQuoted(description)}`;
      }),
    ];
  });
  const list = commands.map(({ name }) => name).join(' ');
  return `# Completion of shunt for fish.
${[...names, `complete -c shunt -n '__fish_seen_subcommand_from help' -f -a '${list}'`, ...rest].join('\n')}
`;
}

function spelled({ name, short }: CompletedFlag): readonly string[] {
  return short === undefined ? [`--${name}`] : [`-${short}`, `--${name}`];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Between its single quotes fish knows escapes. */
function fishQuoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}
