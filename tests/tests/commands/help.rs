//! Every command explains itself.

use crate::bench::{Said, command};
use crate::golden::is_as_before;

#[test]
fn every_command_of_the_coordinator_explains_itself_with_an_example() {
    is_as_before("help-notochord", &help("notochord"));
}

#[test]
fn every_command_of_the_node_explains_itself_with_an_example() {
    is_as_before("help-notochord-node", &help("notochord-node"));
}

#[test]
fn every_command_of_the_sandbox_explains_itself_with_an_example() {
    is_as_before("help-notochord-sandbox", &help("notochord-sandbox"));
}

/// The help of a command and of all below it.
fn help(line: &str) -> String {
    let said = Said::of(command(&format!("{line} --help")));
    assert_eq!((said.code, said.error.as_str()), (0, ""), "{line} --help");
    let example =
        said.out.lines().skip_while(|text| !text.starts_with("Example")).collect::<Vec<_>>().join("\n");
    let mut words = line.split(' ');
    assert!(words.all(|word| example.contains(word)), "{line} --help lacks an example:\n{}", said.out);
    let mut text = format!("$ {line} --help\n{}\n", said.out);
    for name in commands(&said.out) {
        text.push_str(&help(&format!("{line} {name}")));
    }
    text
}

/// The commands that a help lists.
fn commands(help: &str) -> Vec<&str> {
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect()
}
