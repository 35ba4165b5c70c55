#!/usr/bin/env bash
# Finds, or says exactly how to get, what the Makefile cannot install into the virtual environment.
#   tools/prerequisites.sh python    prints the interpreter to use
#   tools/prerequisites.sh cargo     succeeds when a recent enough Rust is there
#   tools/prerequisites.sh npm       succeeds when a recent enough Node.js is there
#   tools/prerequisites.sh browser   finds Chromium, or installs it through apt-get where that is allowed
set -euo pipefail

python_min_minor=11
rust_min_minor=85
node_min_major=20

fail() {
    printf '\nmissing: %s\n  %s\n\n' "$1" "$2" >&2
    exit 1
}

python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
        [ -n "$candidate" ] && command -v "$candidate" >/dev/null || continue
        "$candidate" -c "import sys; sys.exit(sys.version_info < (3, $python_min_minor))" 2>/dev/null || continue
        "$candidate" -c 'import venv, ensurepip' 2>/dev/null ||
            fail "the venv module of $candidate" "On Debian and Ubuntu: apt-get install python3-venv"
        command -v "$candidate"
        return
    done
    fail "Python 3.$python_min_minor or newer" \
        "Install it (Debian 12: apt-get install python3 python3-venv; macOS: brew install python), or run make PYTHON=/path/to/python"
}

cargo_() {
    command -v cargo >/dev/null && command -v rustc >/dev/null ||
        fail "Rust 1.$rust_min_minor or newer (cargo)" "Install it with rustup, see rustup.rs, and open a new shell"
    local version
    version=$(rustc --version | sed 's/^rustc 1\.\([0-9]*\)\..*/\1/')
    [ "$version" -ge "$rust_min_minor" ] ||
        fail "Rust 1.$rust_min_minor or newer, this is $(rustc --version)" "Run: rustup update stable"
    command -v cc >/dev/null || fail "a C linker (cc)" "On Debian and Ubuntu: apt-get install build-essential; macOS: xcode-select --install"
}

npm_() {
    command -v npm >/dev/null && command -v node >/dev/null ||
        fail "Node.js $node_min_major or newer (npm), which builds the page" \
            "Install it (Debian 13: apt-get install nodejs npm; macOS: brew install node), or see nodejs.org"
    local version
    version=$(node --version | sed 's/^v\([0-9]*\)\..*/\1/')
    [ "$version" -ge "$node_min_major" ] ||
        fail "Node.js $node_min_major or newer, this is $(node --version)" "Install a newer one, see nodejs.org"
}

find_browser() {
    local candidate
    for candidate in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$candidate" && return 0
    done
    return 1
}

browser() {
    find_browser && return
    local root=""
    [ "$(id -u)" -eq 0 ] || root="sudo -n"
    if command -v apt-get >/dev/null && { [ -z "$root" ] || $root true 2>/dev/null; }; then
        echo "installing chromium through apt-get"
        $root apt-get update -qq </dev/null &&
            $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium </dev/null ||
            true
        find_browser && return
    fi
    fail "Chromium; the tests marked 'browser' (tests/e2e, the page in a real browser) are skipped until it is there" \
        "Debian: apt-get install chromium; Ubuntu: snap install chromium; macOS: brew install --cask google-chrome and put it on PATH as google-chrome"
}

case "${1:-}" in
    python) python ;;
    cargo) cargo_ ;;
    npm) npm_ ;;
    browser) browser ;;
    *) fail "an argument" "One of: python cargo npm browser" ;;
esac
