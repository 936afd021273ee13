//! `wholesym-lookup URL CACHE_DIR DEBUG_FILE DEBUG_ID HEX_ADDRESS`: prints the function and, for each frame, its line.

use debugid::DebugId;
use std::error::Error;
use wholesym::{LookupAddress, SymbolManager, SymbolManagerConfig};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, cache_dir, debug_file, debug_id, address] = arguments.as_slice() else {
        return Err("five arguments are needed: URL CACHE_DIR DEBUG_FILE DEBUG_ID HEX_ADDRESS".into());
    };
    let config = SymbolManagerConfig::new().breakpad_symbols_server(url, cache_dir);
    let symbol_manager = SymbolManager::with_config(config);
    let symbol_map = symbol_manager.load_symbol_map(debug_file, DebugId::from_breakpad(debug_id)?).await?;
    let address = u32::from_str_radix(address, 16)?;
    let info = symbol_map.lookup(LookupAddress::Relative(address)).await.ok_or("no symbol at this address")?;
    println!("{}", info.symbol.name);
    for frame in info.frames.unwrap_or_default() {
        let file = frame.file_path.map(|path| path.display_path()).unwrap_or_default();
        println!("{} {file}:{}", frame.function.unwrap_or_default(), frame.line_number.unwrap_or(0));
    }
    Ok(())
}
