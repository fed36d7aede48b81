use lockgate_plugin_secrets::{detect::Detector, rules};
#[test] fn t() {
    let text = "password = aws key curl -u token://".repeat(40_000);
    let mut all: Vec<(u128, &str)> = rules::all().into_iter().map(|rule| { let d = Detector::new(vec![rule]).unwrap(); let s = std::time::Instant::now(); d.hits(text.as_bytes()); (s.elapsed().as_millis(), rule.id) }).collect();
    all.sort(); all.reverse();
    eprintln!("{:?}", &all[..8]);
    let code = std::fs::read_to_string("src/detect.rs").unwrap().repeat(200);
    let d = Detector::new(rules::all()).unwrap();
    let s = std::time::Instant::now(); let n = d.hits(code.as_bytes()).len();
    eprintln!("code {} bytes {} ms {n}", code.len(), s.elapsed().as_millis());
    let mut all: Vec<(u128, &str)> = rules::all().into_iter().map(|rule| { let d = Detector::new(vec![rule]).unwrap(); let s = std::time::Instant::now(); d.hits(code.as_bytes()); (s.elapsed().as_millis(), rule.id) }).collect();
    all.sort(); all.reverse();
    eprintln!("{:?}", &all[..8]);
}
