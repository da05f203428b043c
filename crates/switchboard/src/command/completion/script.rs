//! The scripts of the four shells, and how each wants its answer.
//!
//! A word that ends in `=`, `.` or `/` goes on: no space is put after it.

use super::{Candidate, Shell};
use std::fmt::Write as _;

const BASH: &str = r#"_switchboard() {
    local line="${COMP_LINE:0:COMP_POINT}" words word
    # bash takes `=`, `:` and `@` for ends of words; items have them inside.
    read -r -a words <<< "$line"
    [[ "$line" == *[[:space:]] ]] && words+=("")
    COMPREPLY=()
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <("${words[0]}" complete bash -- "${words[@]:1}" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -eq 1 && "${COMPREPLY[0]}" == *[=./] ]] && compopt -o nospace
    [[ ${#COMPREPLY[@]} -eq 0 ]] && compopt -o default
    return 0
}
complete -F _switchboard switchboard
"#;

const ZSH: &str = r#"#compdef switchboard
_switchboard() {
    local -a open closed
    local line
    for line in "${(@f)$("${words[1]}" complete zsh -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        [[ -z "$line" ]] && continue
        case "${line%%:::*}" in
            *[=./]) open+=("${${line%%:::*}//:/\\:}:${line#*:::}") ;;
            *) closed+=("${${line%%:::*}//:/\\:}:${line#*:::}") ;;
        esac
    done
    (( ${#open} )) && _describe -V switchboard open -S ''
    (( ${#closed} )) && _describe -V switchboard closed
    (( ${#open} + ${#closed} )) || _files
}
compdef _switchboard switchboard
"#;

const FISH: &str = r"function __switchboard
    set -l words (commandline -opc) (commandline -ct)
    $words[1] complete fish -- $words[2..] 2>/dev/null
end
complete -c switchboard -a '(__switchboard)'
";

const POWERSHELL: &str = r"Register-ArgumentCompleter -Native -CommandName switchboard -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | ForEach-Object { $_.ToString() })
    $rest = @($words | Select-Object -Skip 1)
    if ($wordToComplete -eq '') { $rest += '' }
    & $words[0] complete powershell '--' @rest 2>$null | ForEach-Object {
        $word, $about = $_ -split ([char]9), 2
        if (-not $about) { $about = $word }
        [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $about)
    }
}
";

/// The script for a shell.
pub(super) const fn of(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => BASH,
        Shell::Zsh => ZSH,
        Shell::Fish => FISH,
        Shell::Power => POWERSHELL,
    }
}

/// What fits, as the shell's script reads it.
pub(super) fn answer(shell: Shell, typed: &str, found: &[Candidate]) -> String {
    // bash replaces only what follows the last of its own ends of words.
    let cut = if shell == Shell::Bash { typed.rfind(['=', ':', '@']).map_or(0, |at| at + 1) } else { 0 };
    let mut text = String::new();
    for Candidate { word, about } in found {
        let word = word.get(cut..).unwrap_or_default();
        let about = plain(about);
        let _ = match shell {
            Shell::Bash => writeln!(text, "{word}"),
            Shell::Zsh => writeln!(text, "{word}:::{about}"),
            Shell::Fish | Shell::Power => writeln!(text, "{word}\t{about}"),
        };
    }
    text
}

/// One short line: a contract's text is a stranger's.
fn plain(about: &str) -> String {
    about.lines().next().unwrap_or_default().chars().filter(|letter| !letter.is_control()).take(80).collect()
}
