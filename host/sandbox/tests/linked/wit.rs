//! Every function of the interfaces that could be linked, out of the texts that the bindings are made from, and a
//! component for each that imports it and nothing else.

use std::path::{Path, PathBuf};
use std::process::Command;

use lockgate_model::Json;
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Function, InterfaceId, PackageId, Resolve, TypeDefKind, WorldId};

/// A function, and the component that asks for it.
pub(crate) struct Probe {
    /// `wasi:clocks/wall-clock`
    pub(crate) interface: String,
    /// As the text names it; methods as `descriptor.read`, the end of a handle as `descriptor drop`.
    pub(crate) function: String,
    pub(crate) component: Vec<u8>,
}

/// A function of the core module that a component is made of.
struct Import {
    name: String,
    core_name: String,
    params: Vec<WasmType>,
    results: Vec<WasmType>,
}

/// Probes for every function of the contract, of WASI and of `wasi:http`.
pub(crate) fn probes() -> Vec<Probe> {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    let mut packages = vec![push(&mut resolve, &contract())];
    push(&mut resolve, &source_of("wasmtime-wasi").join("src/p2/wit"));
    push(&mut resolve, &source_of("wasmtime-wasi-http").join("wit/deps/http.wit"));
    let is_wasi = |(id, package): (PackageId, &wit_parser::Package)| {
        let name = &package.name;
        (name.namespace == "wasi" && name.version.is_some()).then_some(id)
    };
    packages.extend(resolve.packages.iter().filter_map(is_wasi));
    let interfaces = packages.iter().flat_map(|package| resolve.packages[*package].interfaces.values().copied());
    let interfaces: Vec<_> = interfaces.collect();
    let world = world_of(&mut resolve, &interfaces);
    interfaces.iter().flat_map(|interface| of_interface(&resolve, world, *interface)).collect()
}

fn contract() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/plugin.wit")
}

fn push(resolve: &mut Resolve, path: &Path) -> PackageId {
    resolve.push_path(path).unwrap_or_else(|error| panic!("{}: {error:?}", path.display())).0
}

/// The folder of a crate's source.
fn source_of(name: &str) -> PathBuf {
    let mut metadata = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    metadata.args(["metadata", "--offline", "--format-version", "1"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    // What other systems would need was never fetched.
    metadata.arg("--filter-platform").arg(format!("{}-unknown-linux-gnu", std::env::consts::ARCH));
    let output = metadata.output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|package| package["name"] == name).expect("a crate that is built on");
    Path::new(package["manifest_path"].as_str().expect("a path")).parent().expect("a folder").to_owned()
}

/// A world that imports all of them; a component has those that its core module asks for.
fn world_of(resolve: &mut Resolve, interfaces: &[InterfaceId]) -> WorldId {
    let names = interfaces.iter().map(|interface| resolve.id_of(*interface).expect("a name"));
    let imports: String = names.map(|name| format!("import {name};\n")).collect();
    let text = format!("package probe:probe;\nworld probe {{\n{imports}}}\n");
    let package = resolve.push_source("probe.wit", &text).expect("a package");
    resolve.select_world(&[package], Some("probe")).expect("a world")
}

fn of_interface(resolve: &Resolve, world: WorldId, interface: InterfaceId) -> Vec<Probe> {
    let full = resolve.id_of(interface).expect("a name");
    let short = full.split_once('@').map_or(full.as_str(), |(name, _)| name).to_owned();
    let functions = resolve.interfaces[interface].functions.values().map(|function| import_of(resolve, function));
    let probe = |import: Import| {
        let component = component(resolve, world, &full, &import);
        Probe { interface: short.clone(), function: import.name, component }
    };
    functions.chain(drops(resolve, interface)).map(probe).collect()
}

fn import_of(resolve: &Resolve, function: &Function) -> Import {
    let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
    let name = function.name.rsplit_once(']').map_or(function.name.as_str(), |(_, name)| name);
    let name = if function.name.starts_with("[constructor]") { format!("{name} new") } else { name.to_owned() };
    Import { name, core_name: function.name.clone(), params: signature.params, results: signature.results }
}

/// Whoever has a handle may let go of it, which the host is told.
fn drops(resolve: &Resolve, interface: InterfaceId) -> impl Iterator<Item = Import> {
    let types = resolve.interfaces[interface].types.iter();
    let resources = types.filter(|(_, id)| resolve.types[**id].kind == TypeDefKind::Resource);
    resources.map(|(name, _)| Import {
        name: format!("{name} drop"),
        core_name: format!("[resource-drop]{name}"),
        params: vec![WasmType::I32],
        results: Vec::new(),
    })
}

fn component(resolve: &Resolve, world: WorldId, interface: &str, import: &Import) -> Vec<u8> {
    let types = |types: &[WasmType]| types.iter().map(|kind| format!(" {}", text_of(*kind))).collect::<String>();
    let (params, results) = (types(&import.params), types(&import.results));
    let module = format!(
        "(module (import \"{interface}\" \"{}\" (func (param{params}) (result{results})))
            (memory (export \"memory\") 1)
            (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) unreachable))",
        import.core_name
    );
    let mut module = wat::parse_str(module).expect("a module");
    let utf8 = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, resolve, world, utf8, false).expect("its types");
    let component = wit_component::ComponentEncoder::default().module(&module).expect("a module").encode();
    component.unwrap_or_else(|error| panic!("{interface} {}: {error:?}", import.name))
}

fn text_of(kind: WasmType) -> &'static str {
    match kind {
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
    }
}
