//! Writes `vectors/` anew. The test `the_stored_vectors_are_those_that_the_maker_makes` compares.

#[path = "../tests/share/support/mod.rs"]
mod support;

use std::fs;

fn main() -> std::io::Result<()> {
    let folder = support::folder();
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    for (name, content) in support::vectors::make() {
        let file = folder.join(name);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(file, content)?;
    }
    Ok(())
}
