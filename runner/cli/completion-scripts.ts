/**
 * The scripts for bash and zsh, written here because those of the library do more harm than good: they run what stands
 * between $( and ) on a line that nobody has sent off yet, need a package that most bashes do not have, and lose what
 * stands before a colon. Each asks `gm complete` for lines of a word, a tab and a description; the last begins with a colon.
 */
export const COMPLETION_SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# bash completion for gm
_gm() {
  local line=\${COMP_LINE:0:COMP_POINT} current done= value
  local -a words
  read -ra words <<<"$line"
  case $line in *[[:space:]]) words+=('') ;; esac
  current=\${words[\${#words[@]} - 1]}
  case $current in --*=*) current=\${current#*=} ;; esac
  # Where a colon ends a word of readline's, only what follows it is replaced.
  case $COMP_WORDBREAKS in *:*) done=\${current%"\${current##*:}"} ;; esac
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    case $value in :*) ;; *) COMPREPLY+=("\${value#"$done"}") ;; esac
  done < <(gm complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _gm gm
`,
  zsh: `#compdef gm
# zsh completion for gm
_gm() {
  local line
  local -a found
  for line in "\${(@f)$(gm complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line || $line == :* ]] && continue
    line=\${line//:/\\\\:}
    found+=("\${\${line/$'\\t'/:}%:}")
  done
  compset -P '--*='
  if (( $#found )); then _describe gm found; else _files; fi
}
# Called as a function of fpath, or sourced after compinit.
if [[ $funcstack[1] == _gm ]]; then _gm "$@"; else compdef _gm gm; fi
`,
}
