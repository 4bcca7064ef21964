// Package forms holds every form of declaration that the reader knows.
package forms

import (
	"context"
	. "fmt"
	_ "embed"
	store "example.org/shop/store"
)

// Limit bounds what a shop keeps.
const Limit = 10

const (
	// First is the first.
	First, Second = iota, iota + 1
	third
)

var a, b int

var (
	_ Getter = (*Shop)(nil)
	_ Getter = &Shop{}

	// hook is called on every sale.
	hook = func(name string) error { return nil }
)

type (
	// Name is a plain type.
	Name string
	Alias = store.Store

	Handler func(ctx context.Context, names ...Name) (int, error)
)

// Shop keeps things.
//
// It has two paragraphs.
type Shop struct {
	store.Store // trailing, documents nothing
	*Alias
	// Names of what is kept.
	first, second Name `json:"first"`
	nested struct {
		depth int
	}
	list []*struct{ item Name }
}

/*
Getter gets.
*/
type Getter interface {
	context.Context
	// Get gets one.
	Get(name string) (Name, error)
	~int | string
}

type Pair[K comparable, V any] struct {
	key K
	val V
}

func (p *Pair[K, V]) Swap() (V, K) { return p.val, p.key }

func (s Shop) Sell(
	ctx context.Context, // when to stop
	name Name,
) error {
	check := func(n Name) bool {
		inner := func() {}
		inner()
		return n != ""
	}
	var log = func() {}
	var late func()
	late = func() {}
	s.first, other := "x", func() int { return 1 }
	go func() { unnamed() }()
	return nil
}

func init() {}

func init() {}

func Map[T, U any](in []T, f func(T) U) []U { return nil }

func external(x int) int
