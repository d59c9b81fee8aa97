"""HTTP routes: parse, call one function, render."""
