//! Links the unwinder in.
//!
//! The standard library asks for `libgcc_s.so`, one more library to map, relocate and trust at every start of the
//! program and of its worker. GCC has the same code in two archives; the linker script in `OUT_DIR` stands before the
//! shared library and names those.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        let folder = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
        std::fs::write(folder.join("libgcc_s.so"), "INPUT(-lgcc_eh -lgcc)\n")?;
        println!("cargo::rustc-link-search=native={}", folder.display());
    }
    Ok(())
}
